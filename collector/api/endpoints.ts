import { type Request, Router } from "express";
import { type EndpointMetricsRow, endpointsQuery } from "../../storage/queries/endpoints.ts";
import type { Store } from "../../storage/store.ts";
import { answer } from "./api-error.ts";
import { readText } from "./parameters.ts";
import type { EndpointGainResponse, EndpointPathResponse, EndpointsResponse } from "./responses.ts";

interface EndpointKey {
  readonly service: string;
  readonly environment: string;
  readonly method: string;
  readonly route: string;
}

/** Reads what the traces of an endpoint in [fromS, toS) say. */
type ReadEndpoint<Response> = (
  endpoint: EndpointKey,
  window: { readonly fromS: number; readonly toS: number },
) => Promise<Response>;

export interface EndpointsOptions {
  readonly store: Store;
  /** Their critical paths, added up. */
  readonly readPath: ReadEndpoint<EndpointPathResponse>;
  /** What fixing all that is found in them saves, one fix after the other. */
  readonly readGain: ReadEndpoint<EndpointGainResponse>;
  readonly now: () => number;
}

const endpointsMax = 500;
const windowS = 3_600;

/** GET /endpoints, GET /endpoints/critical-path, GET /endpoints/gain; all over the last hour. */
export function createEndpointsApi({ store, readPath, readGain, now }: EndpointsOptions): Router {
  const lastHour = () => {
    const toS = Math.ceil(now() / 1000);
    return { fromS: toS - windowS, toS };
  };
  const router = Router();
  router.get(
    "/endpoints",
    answer(async (): Promise<EndpointsResponse> => {
      const parameters = { ...lastHour(), endpointsMax: endpointsMax + 1 };
      const rows = await store.select<EndpointMetricsRow>(endpointsQuery, parameters);
      return { endpoints: rows.slice(0, endpointsMax), truncated: rows.length > endpointsMax };
    }),
  );
  router.get(
    "/endpoints/critical-path",
    answer((request) => readPath(readEndpointKey(request), lastHour())),
  );
  router.get(
    "/endpoints/gain",
    answer((request) => readGain(readEndpointKey(request), lastHour())),
  );
  return router;
}

function readEndpointKey(request: Request): EndpointKey {
  return {
    service: readText(request, "service"),
    environment: readText(request, "environment", { required: false }),
    method: readText(request, "method"),
    route: readText(request, "route"),
  };
}
