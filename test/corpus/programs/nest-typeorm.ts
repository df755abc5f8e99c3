import {
  blockedLoop,
  duplicateQuery,
  largeAnswer,
  type Program,
  slowWithoutRoute,
} from "../story.ts";

const customer = (n: number) => 30 + n * 23;
const product = (n: number) => 90 + n * 43;

/** Each fault and, in the line after it, the same with the fix. */
export const nestTypeorm: Program = {
  name: "nest-typeorm",
  isHeldOut: true,
  endpoints: [
    { method: "GET", path: (n) => `/lists?before=${80_000 - n * 555}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/lists-in?before=${80_000 - n * 555}`, fixes: "/lists" },
    { method: "GET", path: (n) => `/limits?customer=${customer(n)}`, ...duplicateQuery },
    { method: "GET", path: (n) => `/limits-once?customer=${customer(n)}`, fixes: "/limits" },
    { method: "POST", path: (n) => `/keep?customer=${customer(n)}`, finds: ["write-loop"] },
    { method: "POST", path: (n) => `/keep-bulk?customer=${customer(n)}`, fixes: "/keep" },
    { method: "GET", path: () => "/summary", finds: ["serial-calls"], mayFind: ["slow-query"] },
    { method: "GET", path: () => "/summary-at-once", fixes: "/summary", mayFind: ["slow-query"] },
    {
      method: "GET",
      path: (n) => `/search?customer=${customer(n)}`,
      finds: ["slow-query"],
      mayFind: ["slow-endpoint"],
      count: 60,
    },
    {
      method: "GET",
      path: (n) => `/search-by-id?customer=${customer(n)}`,
      fixes: "/search",
      count: 60,
    },
    { method: "GET", path: (n) => `/insurer?n=${n}`, finds: ["retry-storm"] },
    { method: "GET", path: (n) => `/insurer-patient?n=${n}`, fixes: "/insurer" },
    { method: "GET", path: () => "/everything", ...largeAnswer },
    { method: "GET", path: (n) => `/some?after=${n * 30}`, fixes: "/everything" },
    {
      method: "GET",
      path: () => "/load",
      finds: ["pool-wait"],
      mayFind: ["slow-query"],
      count: 48,
      atOnce: 12,
    },
    {
      method: "GET",
      path: () => "/load-roomy",
      fixes: "/load",
      mayFind: ["slow-query"],
      count: 16,
      atOnce: 4,
    },
    {
      method: "POST",
      path: (n) => `/book?product=${product(n)}`,
      finds: ["transaction-across-call"],
    },
    { method: "POST", path: (n) => `/book-short?product=${product(n)}`, fixes: "/book" },
    { method: "GET", path: () => "/plan", ...blockedLoop },
    { method: "GET", path: () => "/plan-small", fixes: "/plan" },
    { method: "GET", path: () => "/laboratory", ...slowWithoutRoute, count: 60, atOnce: 12 },
    { method: "GET", path: () => "/laboratory-kept", fixes: "/laboratory", count: 60, atOnce: 4 },
    { method: "GET", path: (n) => `/visit?order=${70_000 - n}` },
  ],
};
