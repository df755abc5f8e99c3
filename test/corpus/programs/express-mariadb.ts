import { blockedLoop, duplicateQuery, largeAnswer, type Program } from "../story.ts";

const before = (n: number) => 80_000 - n * 733;
const guest = (n: number) => 30 + n * 41;
const room = (n: number) => 80 + n * 53;

/** Each fault and, in the line after it, the same with the fix. */
export const expressMariadb: Program = {
  name: "express-mariadb",
  isHeldOut: true,
  endpoints: [
    { method: "GET", path: (n) => `/arrivals?before=${before(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/arrivals-joined?before=${before(n)}` },
    { method: "GET", path: (n) => `/bills?before=${before(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/bills-in?before=${before(n)}` },
    { method: "GET", path: (n) => `/keys?before=${before(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/keys-in?before=${before(n)}` },
    { method: "GET", path: () => "/tariffs?season=spring", ...duplicateQuery },
    { method: "GET", path: () => "/tariffs-once?season=spring" },
    { method: "POST", path: (n) => `/minibar?stay=${before(n)}`, finds: ["write-loop"] },
    { method: "POST", path: (n) => `/minibar-bulk?stay=${before(n)}` },
    { method: "GET", path: () => "/desk", finds: ["serial-calls"] },
    { method: "GET", path: () => "/desk-at-once" },
    {
      method: "GET",
      path: (n) => `/search?guest=${guest(n)}`,
      finds: ["slow-query"],
      mayFind: ["slow-endpoint"],
      count: 20,
    },
    { method: "GET", path: (n) => `/search-indexed?guest=${guest(n)}`, count: 60 },
    { method: "GET", path: (n) => `/shuttle?n=${n}`, finds: ["retry-storm"] },
    { method: "GET", path: (n) => `/shuttle-patient?n=${n}` },
    { method: "GET", path: () => "/rooms", ...largeAnswer },
    { method: "GET", path: (n) => `/rooms-page?after=${n * 25}` },
    { method: "GET", path: () => "/occupied", ...largeAnswer },
    { method: "GET", path: () => "/occupied-counted" },
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
    { method: "GET", path: () => "/turnover-roomy", mayFind: ["slow-query"], count: 16, atOnce: 4 },
    { method: "POST", path: (n) => `/book?room=${room(n)}`, finds: ["transaction-across-call"] },
    { method: "POST", path: (n) => `/book-short?room=${room(n)}` },
    { method: "GET", path: () => "/card", ...blockedLoop },
    { method: "GET", path: () => "/card-elsewhere" },
    { method: "GET", path: (n) => `/stay?id=${before(n)}`, count: 40 },
    { method: "POST", path: (n) => `/move?room=${room(n)}` },
    { method: "GET", path: () => "/health" },
  ],
};
