import {
  blockedLoop,
  duplicateQuery,
  largeAnswer,
  type Program,
  slowWithoutRoute,
} from "../story.ts";

const before = (n: number) => 75_000 - n * 811;
const room = (n: number) => 120 + n * 47;

/** Each fault and, in the line after it, the same with the fix. */
export const nestKnex: Program = {
  name: "nest-knex",
  isHeldOut: false,
  endpoints: [
    { method: "GET", path: (n) => `/bills?before=${before(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/bills-in?before=${before(n)}`, fixes: "/bills" },
    {
      method: "GET",
      path: (n) => `/names?before=${before(n)}`,
      finds: ["n-plus-one"],
      resembles: ["pool-wait"],
      underOpenTelemetry: { resembles: [] },
    },
    { method: "GET", path: (n) => `/names-joined?before=${before(n)}`, fixes: "/names" },
    { method: "GET", path: (n) => `/cabins?from=${1 + n * 12}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/cabins-pipelined?from=${1 + n * 12}`, fixes: "/cabins" },
    { method: "GET", path: () => "/timetable?season=summer", ...duplicateQuery },
    { method: "GET", path: () => "/timetable-once?season=summer", fixes: "/timetable" },
    { method: "POST", path: (n) => `/oil?stay=${before(n)}`, finds: ["write-loop"] },
    { method: "POST", path: (n) => `/oil-bulk?stay=${before(n)}`, fixes: "/oil" },
    { method: "GET", path: () => "/board", finds: ["serial-calls"], mayFind: ["slow-query"] },
    { method: "GET", path: () => "/board-at-once", fixes: "/board", mayFind: ["slow-query"] },
    {
      method: "GET",
      path: (n) => `/spent?guest=${20 + n * 37}`,
      finds: ["slow-query"],
      mayFind: ["slow-endpoint"],
      count: 20,
    },
    { method: "GET", path: (n) => `/spent-lately?stay=${before(n)}`, fixes: "/spent", count: 20 },
    { method: "GET", path: (n) => `/masseur?n=${n}`, finds: ["retry-storm"] },
    { method: "GET", path: (n) => `/masseur-patient?n=${n}`, fixes: "/masseur" },
    { method: "GET", path: () => "/treatments", ...largeAnswer },
    { method: "GET", path: (n) => `/treatments-page?after=${n * 20}`, fixes: "/treatments" },
    {
      method: "GET",
      path: () => "/takings",
      finds: ["pool-wait"],
      mayFind: ["slow-query"],
      // No span of Knex's pool.
      underOpenTelemetry: { finds: [], unseen: ["pool-wait"] },
      count: 40,
      atOnce: 8,
    },
    {
      method: "GET",
      path: () => "/takings-roomy",
      fixes: "/takings",
      mayFind: ["slow-query"],
      count: 16,
      atOnce: 4,
    },
    { method: "POST", path: (n) => `/reserve?room=${room(n)}`, finds: ["transaction-across-call"] },
    { method: "POST", path: (n) => `/reserve-short?room=${room(n)}`, fixes: "/reserve" },
    { method: "GET", path: () => "/locker", ...blockedLoop },
    { method: "GET", path: () => "/locker-elsewhere", fixes: "/locker" },
    { method: "GET", path: () => "/towels", ...slowWithoutRoute, count: 60, atOnce: 12 },
    { method: "GET", path: () => "/towels-kept", fixes: "/towels", count: 60, atOnce: 4 },
    { method: "GET", path: (n) => `/stay?id=${before(n)}`, resembles: ["serial-calls"] },
    { method: "GET", path: (n) => `/top-three?before=${before(n)}`, resembles: ["n-plus-one"] },
    { method: "GET", path: () => "/all-rooms", resembles: ["n-plus-one"] },
    { method: "GET", path: () => "/readyz" },
  ],
};
