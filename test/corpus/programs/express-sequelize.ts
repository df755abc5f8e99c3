import { blockedLoop, duplicateQuery, largeAnswer, type Program } from "../story.ts";

const before = (n: number) => 85_000 - n * 641;
const customer = (n: number) => 40 + n * 37;
const product = (n: number) => 60 + n * 47;

/** Each fault and, in the line after it, the same with the fix. */
export const expressSequelize: Program = {
  name: "express-sequelize",
  isHeldOut: true,
  endpoints: [
    { method: "GET", path: (n) => `/invoices?before=${before(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/invoices-included?before=${before(n)}`, fixes: "/invoices" },
    {
      method: "GET",
      path: (n) => `/buyers?before=${before(n)}`,
      resembles: ["pool-wait"],
      underOpenTelemetry: { resembles: [] },
      finds: ["n-plus-one"],
    },
    { method: "GET", path: (n) => `/buyers-in?before=${before(n)}`, fixes: "/buyers" },
    { method: "GET", path: (n) => `/rights?customer=${customer(n)}`, ...duplicateQuery },
    { method: "GET", path: (n) => `/rights-once?customer=${customer(n)}`, fixes: "/rights" },
    { method: "POST", path: (n) => `/reserve?customer=${customer(n)}`, finds: ["write-loop"] },
    { method: "POST", path: (n) => `/reserve-bulk?customer=${customer(n)}`, fixes: "/reserve" },
    { method: "GET", path: () => "/figures", finds: ["serial-calls"], mayFind: ["slow-query"] },
    { method: "GET", path: () => "/figures-at-once", fixes: "/figures", mayFind: ["slow-query"] },
    {
      method: "GET",
      path: (n) => `/opinions?customer=${customer(n)}`,
      finds: ["slow-query"],
      mayFind: ["slow-endpoint"],
      count: 20,
    },
    {
      method: "GET",
      path: (n) => `/opinions-indexed?customer=${customer(n)}`,
      fixes: "/opinions",
      count: 60,
    },
    { method: "GET", path: (n) => `/freight?n=${n}`, finds: ["retry-storm"] },
    { method: "GET", path: (n) => `/freight-patient?n=${n}`, fixes: "/freight" },
    { method: "GET", path: () => "/assortment", ...largeAnswer },
    { method: "GET", path: (n) => `/assortment-page?after=${n * 30}`, fixes: "/assortment" },
    { method: "GET", path: () => "/levels", ...largeAnswer },
    { method: "GET", path: () => "/levels-counted", fixes: "/levels" },
    {
      method: "GET",
      path: () => "/worth",
      finds: ["pool-wait"],
      mayFind: ["slow-query"],
      // No span of Sequelize's pool.
      underOpenTelemetry: { finds: [], unseen: ["pool-wait"] },
      count: 40,
      atOnce: 10,
    },
    {
      method: "GET",
      path: () => "/worth-roomy",
      fixes: "/worth",
      mayFind: ["slow-query"],
      count: 16,
      atOnce: 4,
    },
    {
      method: "POST",
      path: (n) => `/buy?product=${product(n)}`,
      finds: ["transaction-across-call"],
    },
    { method: "POST", path: (n) => `/buy-short?product=${product(n)}`, fixes: "/buy" },
    { method: "GET", path: () => "/sign", ...blockedLoop },
    { method: "GET", path: () => "/sign-elsewhere", fixes: "/sign" },
    { method: "GET", path: () => "/ranking", ...blockedLoop },
    { method: "GET", path: () => "/ranking-small", fixes: "/ranking" },
    { method: "GET", path: (n) => `/order?order=${before(n)}`, count: 40 },
  ],
};
