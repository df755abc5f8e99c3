import { blockedLoop, duplicateQuery, largeAnswer, type Program } from "../story.ts";

const before = (n: number) => 80_000 - n * 733;
const guest = (n: number) => 30 + n * 41;
const room = (n: number) => 80 + n * 53;

/** Each fault and, in the line after it, the same with the fix. */
export const expressMariadb: Program = {
  name: "express-mariadb",
  isHeldOut: false,
  endpoints: [
    { method: "GET", path: (n) => `/arrivals?before=${before(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/arrivals-joined?before=${before(n)}`, fixes: "/arrivals" },
    { method: "GET", path: (n) => `/bills?before=${before(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/bills-in?before=${before(n)}`, fixes: "/bills" },
    {
      method: "GET",
      path: (n) => `/keys?before=${before(n)}`,
      resembles: ["pool-wait"],
      underOpenTelemetry: { resembles: [] },
      finds: ["n-plus-one"],
    },
    { method: "GET", path: (n) => `/keys-in?before=${before(n)}`, fixes: "/keys" },
    { method: "GET", path: () => "/tariffs?season=spring", ...duplicateQuery },
    { method: "GET", path: () => "/tariffs-once?season=spring", fixes: "/tariffs" },
    { method: "POST", path: (n) => `/minibar?stay=${before(n)}`, finds: ["write-loop"] },
    { method: "POST", path: (n) => `/minibar-bulk?stay=${before(n)}`, fixes: "/minibar" },
    { method: "GET", path: () => "/desk", finds: ["serial-calls"] },
    { method: "GET", path: () => "/desk-at-once", fixes: "/desk" },
    {
      method: "GET",
      path: (n) => `/search?guest=${guest(n)}`,
      finds: ["slow-query"],
      mayFind: ["slow-endpoint"],
      count: 20,
    },
    {
      method: "GET",
      path: (n) => `/search-indexed?guest=${guest(n)}`,
      fixes: "/search",
      count: 60,
    },
    { method: "GET", path: (n) => `/shuttle?n=${n}`, finds: ["retry-storm"] },
    { method: "GET", path: (n) => `/shuttle-patient?n=${n}`, fixes: "/shuttle" },
    { method: "GET", path: () => "/rooms", ...largeAnswer },
    { method: "GET", path: (n) => `/rooms-page?after=${n * 25}`, fixes: "/rooms" },
    { method: "GET", path: () => "/occupied", ...largeAnswer },
    { method: "GET", path: () => "/occupied-counted", fixes: "/occupied" },
    {
      method: "GET",
      path: () => "/turnover",
      finds: ["pool-wait"],
      mayFind: ["slow-query"],
      // No span of mysql2's pool.
      underOpenTelemetry: { finds: [], unseen: ["pool-wait"] },
      count: 40,
      atOnce: 10,
    },
    {
      method: "GET",
      path: () => "/turnover-roomy",
      fixes: "/turnover",
      mayFind: ["slow-query"],
      count: 16,
      atOnce: 4,
    },
    { method: "POST", path: (n) => `/book?room=${room(n)}`, finds: ["transaction-across-call"] },
    { method: "POST", path: (n) => `/book-short?room=${room(n)}`, fixes: "/book" },
    { method: "GET", path: () => "/card", ...blockedLoop },
    { method: "GET", path: () => "/card-elsewhere", fixes: "/card" },
    { method: "GET", path: (n) => `/stay?id=${before(n)}`, resembles: ["serial-calls"], count: 40 },
    {
      method: "POST",
      path: (n) => `/move?room=${room(n)}`,
      resembles: ["transaction-across-call"],
    },
    { method: "GET", path: () => "/taxi", finds: ["slow-endpoint"], count: 60, atOnce: 12 },
    { method: "GET", path: () => "/taxi-nearby", fixes: "/taxi", count: 60, atOnce: 4 },
    {
      method: "GET",
      path: (n) => `/taxi-at-night?n=${n}`,
      resembles: ["slow-endpoint"],
      count: 60,
      atOnce: 4,
    },
    { method: "GET", path: () => "/health" },
  ],
};
