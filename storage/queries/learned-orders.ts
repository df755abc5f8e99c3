import type { Query } from "../store.ts";

/** What a worker learned of endpoints, the one that was learned about last first. */
export const learnedOrdersQuery: Query = {
  name: "learned-orders",
  sql: `
    SELECT endpoint, body
    FROM learned_orders FINAL
    WHERE worker = {worker:String} AND version = {version:UInt32}
    ORDER BY at DESC, endpoint
    LIMIT {endpointsMax:UInt32}`,
};

export type LearnedOrdersParameters = {
  readonly worker: string;
  readonly version: number;
  readonly endpointsMax: number;
};

export type LearnedOrderRow = {
  readonly endpoint: string;
  /** JSON. */
  readonly body: string;
};
