import { duplicateQuery, largeAnswer, type Program } from "../story.ts";

const customer = (n: number) => 3 + n * 7;

/** Each fault and, in the line after it, the same with the fix. */
export const expressMongoose: Program = {
  name: "express-mongoose",
  isHeldOut: false,
  endpoints: [
    { method: "GET", path: (n) => `/rentals?customer=${customer(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/rentals-populated?customer=${customer(n)}`, fixes: "/rentals" },
    { method: "GET", path: (n) => `/plots?customer=${customer(n)}`, finds: ["n-plus-one"] },
    { method: "GET", path: (n) => `/plots-in?customer=${customer(n)}`, fixes: "/plots" },
    { method: "GET", path: (n) => `/shelves?film=${40 + n}`, ...duplicateQuery },
    { method: "GET", path: (n) => `/shelves-once?film=${40 + n}`, fixes: "/shelves" },
    { method: "POST", path: (n) => `/shelve?customer=${customer(n)}`, finds: ["write-loop"] },
    { method: "POST", path: (n) => `/shelve-bulk?customer=${customer(n)}`, fixes: "/shelve" },
    { method: "GET", path: () => "/front", finds: ["serial-calls"] },
    { method: "GET", path: () => "/front-at-once", fixes: "/front" },
    { method: "GET", path: () => "/films", ...largeAnswer },
    { method: "GET", path: () => "/films-some", fixes: "/films" },
    { method: "GET", path: (n) => `/rental?id=${60 + n}`, count: 40 },
  ],
};
