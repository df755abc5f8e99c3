import { duplicateQuery, type Program } from "../story.ts";

const first = (n: number) => 100 + n * 20;
const customer = (n: number) => 50 + n * 19;

/** Each fault and, in the lines after it, the same with the fix. */
export const expressRedis: Program = {
  name: "express-redis",
  isHeldOut: false,
  endpoints: [
    { method: "GET", path: (n) => `/seats?first=${first(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/seats-mget?first=${first(n)}`, fixes: "/seats" },
    { method: "GET", path: (n) => `/seats-pipelined?first=${first(n)}`, fixes: "/seats" },
    { method: "GET", path: () => "/fees?country=AT", ...duplicateQuery },
    { method: "GET", path: () => "/fees-once?country=AT", fixes: "/fees" },
    { method: "GET", path: (n) => `/wanted?customer=${customer(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/wanted-joined?customer=${customer(n)}`, fixes: "/wanted" },
    { method: "GET", path: (n) => `/event?id=${1 + (n % 3)}`, count: 40 },
    { method: "POST", path: () => "/visit?event=7" },
    { method: "POST", path: (n) => `/hold?first=${first(n)}`, resembles: ["write-loop"] },
    { method: "POST", path: (n) => `/buy?customer=${customer(n)}`, finds: ["write-loop"] },
    { method: "POST", path: (n) => `/buy-bulk?customer=${customer(n)}`, fixes: "/buy" },
  ],
};
