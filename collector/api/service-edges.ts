import { Router } from "express";
import { type ServiceEdgeRow, serviceEdgesQuery } from "../../storage/queries/service-edges.ts";
import type { Store } from "../../storage/store.ts";
import { answer } from "./api-error.ts";
import type { ServiceEdgesResponse } from "./responses.ts";

export interface ServiceEdgesOptions {
  readonly store: Store;
  readonly now: () => number;
}

const edgesMax = 1_000;
const windowS = 3_600;

/** GET /service-edges, over the last hour. */
export function createServiceEdgesApi({ store, now }: ServiceEdgesOptions): Router {
  const router = Router();
  router.get(
    "/service-edges",
    answer(async (): Promise<ServiceEdgesResponse> => {
      const toS = Math.ceil(now() / 1000);
      const parameters = { fromS: toS - windowS, toS, edgesMax: edgesMax + 1 };
      const rows = await store.select<ServiceEdgeRow>(serviceEdgesQuery, parameters);
      return { edges: rows.slice(0, edgesMax), truncated: rows.length > edgesMax };
    }),
  );
  return router;
}
