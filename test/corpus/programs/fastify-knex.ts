import { blockedLoop, duplicateQuery, largeAnswer, type Program } from "../story.ts";

const customer = (n: number) => 20 + n * 29;
const product = (n: number) => 70 + n * 41;

/** Each fault and, in the line after it, the same with the fix. */
export const fastifyKnex: Program = {
  name: "fastify-knex",
  isHeldOut: false,
  endpoints: [
    { method: "GET", path: (n) => `/customers?after=${n * 12}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/customers-grouped?after=${n * 12}`, fixes: "/customers" },
    {
      method: "GET",
      path: (n) => `/wishes?customer=${customer(n)}`,
      resembles: ["pool-wait"],
      underOpenTelemetry: { resembles: [] },
      finds: ["n-plus-one"],
    },
    { method: "GET", path: (n) => `/wishes-joined?customer=${customer(n)}`, fixes: "/wishes" },
    { method: "GET", path: (n) => `/permissions?customer=${customer(n)}`, ...duplicateQuery },
    {
      method: "GET",
      path: (n) => `/permissions-once?customer=${customer(n)}`,
      fixes: "/permissions",
    },
    { method: "POST", path: (n) => `/basket?customer=${customer(n)}`, finds: ["write-loop"] },
    { method: "POST", path: (n) => `/basket-bulk?customer=${customer(n)}`, fixes: "/basket" },
    { method: "GET", path: () => "/overview?since=80000", finds: ["serial-calls"] },
    { method: "GET", path: () => "/overview-at-once?since=80000", fixes: "/overview" },
    {
      method: "GET",
      path: (n) => `/find?customer=${customer(n)}`,
      finds: ["slow-query"],
      mayFind: ["slow-endpoint"],
      count: 60,
    },
    {
      method: "GET",
      path: (n) => `/find-indexed?customer=${customer(n)}`,
      fixes: "/find",
      count: 60,
    },
    { method: "GET", path: (n) => `/offer?n=${n}`, finds: ["retry-storm"] },
    { method: "GET", path: (n) => `/offer-patient?n=${n}`, fixes: "/offer" },
    { method: "GET", path: () => "/catalog", ...largeAnswer },
    { method: "GET", path: (n) => `/catalog-page?after=${n * 40}`, fixes: "/catalog" },
    {
      method: "GET",
      path: () => "/sales",
      finds: ["pool-wait"],
      mayFind: ["slow-query"],
      // No span of Knex's pool.
      underOpenTelemetry: { finds: [], unseen: ["pool-wait"] },
      count: 40,
      atOnce: 8,
    },
    {
      method: "GET",
      path: () => "/sales-roomy",
      fixes: "/sales",
      mayFind: ["slow-query"],
      count: 16,
      atOnce: 4,
    },
    {
      method: "POST",
      path: (n) => `/subscribe?product=${product(n)}`,
      finds: ["transaction-across-call"],
    },
    { method: "POST", path: (n) => `/subscribe-short?product=${product(n)}`, fixes: "/subscribe" },
    { method: "GET", path: () => "/digest", ...blockedLoop },
    { method: "GET", path: () => "/digest-small", fixes: "/digest" },
    { method: "GET", path: () => "/digest-elsewhere", fixes: "/digest" },
    { method: "GET", path: (n) => `/dependent?order=${90_000 - n}`, resembles: ["serial-calls"] },
    {
      method: "POST",
      path: (n) => `/move?product=${product(n)}`,
      resembles: ["transaction-across-call"],
    },
    { method: "GET", path: (n) => `/page?customer=${customer(n)}`, resembles: ["serial-calls"] },
    { method: "GET", path: () => "/health" },
  ],
};
