import { duplicateQuery, largeAnswer, type Program } from "../story.ts";

const before = (n: number) => 88_000 - n * 719;
const customer = (n: number) => 20 + n * 43;
const product = (n: number) => 40 + n * 59;

/** Each fault and, in the line after it, the same with the fix. */
export const expressPrisma: Program = {
  name: "express-prisma",
  isHeldOut: false,
  endpoints: [
    { method: "GET", path: (n) => `/parcels?before=${before(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/parcels-included?before=${before(n)}`, fixes: "/parcels" },
    {
      method: "GET",
      path: (n) => `/labels?before=${before(n)}`,
      resembles: ["pool-wait"],
      finds: ["n-plus-one"],
    },
    { method: "GET", path: (n) => `/labels-batched?before=${before(n)}`, fixes: "/labels" },
    { method: "GET", path: (n) => `/forms?customer=${customer(n)}`, ...duplicateQuery },
    { method: "GET", path: (n) => `/forms-once?customer=${customer(n)}`, fixes: "/forms" },
    { method: "POST", path: (n) => `/pick?customer=${customer(n)}`, finds: ["write-loop"] },
    { method: "POST", path: (n) => `/pick-many?customer=${customer(n)}`, fixes: "/pick" },
    { method: "GET", path: () => "/counts", finds: ["serial-calls"], mayFind: ["slow-query"] },
    { method: "GET", path: () => "/counts-at-once", fixes: "/counts", mayFind: ["slow-query"] },
    {
      method: "GET",
      path: (n) => `/reviews?customer=${customer(n)}`,
      finds: ["slow-query"],
      mayFind: ["slow-endpoint"],
      count: 20,
    },
    {
      method: "GET",
      path: (n) => `/reviews-indexed?customer=${customer(n)}`,
      fixes: "/reviews",
      count: 60,
    },
    { method: "GET", path: (n) => `/postage?n=${n}`, finds: ["retry-storm"] },
    { method: "GET", path: (n) => `/postage-patient?n=${n}`, fixes: "/postage" },
    { method: "GET", path: () => "/goods", ...largeAnswer },
    { method: "GET", path: (n) => `/goods-page?after=${n * 25}`, fixes: "/goods" },
    { method: "GET", path: () => "/shelves", ...largeAnswer },
    { method: "GET", path: () => "/shelves-counted", fixes: "/shelves" },
    {
      method: "GET",
      path: () => "/sums",
      finds: ["pool-wait"],
      mayFind: ["slow-query"],
      count: 40,
      atOnce: 10,
    },
    {
      method: "GET",
      path: () => "/sums-roomy",
      fixes: "/sums",
      mayFind: ["slow-query"],
      count: 16,
      atOnce: 4,
    },
    {
      method: "POST",
      path: (n) => `/sell?product=${product(n)}`,
      finds: ["transaction-across-call"],
    },
    { method: "POST", path: (n) => `/sell-short?product=${product(n)}`, fixes: "/sell" },
    { method: "GET", path: (n) => `/parcel?order=${before(n)}`, count: 40 },
    { method: "GET", path: () => "/taxes" },
  ],
};
