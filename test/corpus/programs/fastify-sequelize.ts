import {
  blockedLoop,
  duplicateQuery,
  largeAnswer,
  type Program,
  slowWithoutRoute,
} from "../story.ts";

const before = (n: number) => 65_000 - n * 601;
const cabin = (n: number) => 210 + n * 61;

/** Each fault and, in the line after it, the same with the fix. */
export const fastifySequelize: Program = {
  name: "fastify-sequelize",
  isHeldOut: true,
  endpoints: [
    { method: "GET", path: (n) => `/crossings?before=${before(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/crossings-included?before=${before(n)}`, fixes: "/crossings" },
    {
      method: "GET",
      path: (n) => `/cabins?before=${before(n)}`,
      finds: ["n-plus-one"],
      resembles: ["pool-wait"],
      underOpenTelemetry: { resembles: [] },
    },
    { method: "GET", path: (n) => `/cabins-in?before=${before(n)}`, fixes: "/cabins" },
    { method: "GET", path: () => "/fares?season=autumn", ...duplicateQuery },
    { method: "GET", path: () => "/fares-once?season=autumn", fixes: "/fares" },
    { method: "POST", path: (n) => `/extras?stay=${before(n)}`, finds: ["write-loop"] },
    { method: "POST", path: (n) => `/extras-bulk?stay=${before(n)}`, fixes: "/extras" },
    { method: "GET", path: () => "/harbour", finds: ["serial-calls"], mayFind: ["slow-query"] },
    { method: "GET", path: () => "/harbour-at-once", fixes: "/harbour", mayFind: ["slow-query"] },
    {
      method: "GET",
      path: (n) => `/lost?item=${n}a`,
      finds: ["slow-query"],
      mayFind: ["slow-endpoint"],
      count: 20,
    },
    { method: "GET", path: (n) => `/lost-by-stay?stay=${before(n)}`, fixes: "/lost", count: 20 },
    { method: "GET", path: (n) => `/tug?n=${n}`, finds: ["retry-storm"] },
    { method: "GET", path: (n) => `/tug-patient?n=${n}`, fixes: "/tug" },
    { method: "GET", path: () => "/fleet", ...largeAnswer },
    { method: "GET", path: (n) => `/fleet-page?after=${n * 30}`, fixes: "/fleet" },
    {
      method: "GET",
      path: () => "/revenue",
      finds: ["pool-wait"],
      mayFind: ["slow-query"],
      // No span of Sequelize's pool.
      underOpenTelemetry: { finds: [], unseen: ["pool-wait"] },
      count: 40,
      atOnce: 8,
    },
    {
      method: "GET",
      path: () => "/revenue-roomy",
      fixes: "/revenue",
      mayFind: ["slow-query"],
      count: 16,
      atOnce: 4,
    },
    { method: "POST", path: (n) => `/seat?cabin=${cabin(n)}`, finds: ["transaction-across-call"] },
    { method: "POST", path: (n) => `/seat-short?cabin=${cabin(n)}`, fixes: "/seat" },
    { method: "GET", path: () => "/stamp", ...blockedLoop },
    { method: "GET", path: () => "/stamp-elsewhere", fixes: "/stamp" },
    { method: "GET", path: () => "/weather", ...slowWithoutRoute, count: 60, atOnce: 12 },
    { method: "GET", path: () => "/weather-kept", fixes: "/weather", count: 60, atOnce: 4 },
  ],
};
