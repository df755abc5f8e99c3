import { duplicateQuery, largeAnswer, type Program } from "../story.ts";

const customer = (n: number) => 3 + n * 7;

/** Each fault and, in the line after it, the same with the fix. */
export const expressMongoose: Program = {
  name: "express-mongoose",
  isHeldOut: true,
  endpoints: [
    { method: "GET", path: (n) => `/rentals?customer=${customer(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/rentals-populated?customer=${customer(n)}` },
    { method: "GET", path: (n) => `/plots?customer=${customer(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/plots-in?customer=${customer(n)}` },
    { method: "GET", path: (n) => `/shelves?film=${40 + n}`, ...duplicateQuery },
    { method: "GET", path: (n) => `/shelves-once?film=${40 + n}` },
    { method: "POST", path: (n) => `/shelve?customer=${customer(n)}`, finds: ["write-loop"] },
    { method: "POST", path: (n) => `/shelve-bulk?customer=${customer(n)}` },
    { method: "GET", path: () => "/front", finds: ["serial-calls"] },
    { method: "GET", path: () => "/front-at-once" },
    { method: "GET", path: () => "/films", ...largeAnswer },
    { method: "GET", path: () => "/films-some" },
    { method: "GET", path: (n) => `/rental?id=${60 + n}`, count: 40 },
  ],
};
