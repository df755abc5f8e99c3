import { blockedLoop, duplicateQuery, largeAnswer, type Program } from "../story.ts";

const before = (n: number) => 90_000 - n * 977;
const customer = (n: number) => 10 + n * 31;
const product = (n: number) => 50 + n * 40;

/** Each fault and, in the line after it, the same with the fix. */
export const expressPg: Program = {
  name: "express-pg",
  isHeldOut: false,
  endpoints: [
    { method: "GET", path: (n) => `/orders?before=${before(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/orders-joined?before=${before(n)}` },
    { method: "GET", path: (n) => `/orders-at-once?before=${before(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/orders-batched?before=${before(n)}` },
    { method: "GET", path: (n) => `/prices?customer=${customer(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/prices-batched?customer=${customer(n)}` },
    { method: "GET", path: (n) => `/order-cards?before=${before(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/order-cards-joined?before=${before(n)}` },
    { method: "GET", path: (n) => `/invoice?order=${before(n)}&country=AT`, ...duplicateQuery },
    { method: "GET", path: (n) => `/invoice-once?order=${before(n)}&country=AT` },
    { method: "GET", path: (n) => `/exchange?before=${before(n)}`, finds: ["duplicate-call"] },
    { method: "GET", path: (n) => `/exchange-once?before=${before(n)}` },
    { method: "POST", path: (n) => `/carts?customer=${customer(n)}`, finds: ["write-loop"] },
    { method: "POST", path: (n) => `/carts-bulk?customer=${customer(n)}` },
    { method: "POST", path: (n) => `/stock?product=${product(n)}`, finds: ["write-loop"] },
    { method: "POST", path: (n) => `/stock-bulk?product=${product(n)}` },
    { method: "GET", path: () => "/dashboard", finds: ["serial-calls"], mayFind: ["slow-query"] },
    { method: "GET", path: () => "/dashboard-at-once", mayFind: ["slow-query"] },
    { method: "GET", path: (n) => `/last-customer?order=${before(n)}` },
    {
      method: "GET",
      path: (n) => `/reviews?guest=${50 * (1 + n)}`,
      finds: ["slow-query"],
      mayFind: ["slow-endpoint"],
      count: 60,
    },
    { method: "GET", path: (n) => `/reviews-by-customer?customer=${customer(n)}`, count: 60 },
    { method: "GET", path: (n) => `/quote?n=${n}`, finds: ["retry-storm"] },
    { method: "GET", path: (n) => `/quote-backoff?n=${n}` },
    { method: "GET", path: () => "/products", ...largeAnswer },
    { method: "GET", path: (n) => `/products-page?after=${n * 50}` },
    {
      method: "GET",
      path: () => "/totals",
      finds: ["pool-wait"],
      mayFind: ["slow-query"],
      count: 48,
      atOnce: 12,
    },
    { method: "GET", path: () => "/totals-roomy", mayFind: ["slow-query"], count: 16, atOnce: 4 },
    {
      method: "POST",
      path: (n) => `/checkout?product=${product(n)}`,
      finds: ["transaction-across-call"],
    },
    { method: "POST", path: (n) => `/checkout-short?product=${product(n)}` },
    { method: "GET", path: () => "/statement", ...blockedLoop },
    { method: "GET", path: () => "/statement-in-turns" },
    { method: "GET", path: (n) => `/top-four?before=${before(n)}` },
    { method: "GET", path: (n) => `/all-items?before=${before(n)}` },
    { method: "POST", path: (n) => `/import?customer=${customer(n)}` },
    { method: "GET", path: (n) => `/stream?before=${before(n)}` },
    { method: "GET", path: (n) => `/orders-loader?before=${before(n)}` },
    { method: "GET", path: () => "/all-pages" },
    { method: "GET", path: (n) => `/wait-for-order?order=${before(n)}` },
    {
      method: "POST",
      path: (n) => `/take-until-empty?product=${product(n)}`,
      // Six updates, of one row or of six: without parameters nobody can tell.
      underOpenTelemetry: { mayFind: ["write-loop"] },
    },
    { method: "GET", path: (n) => `/order?order=${before(n)}` },
  ],
};
