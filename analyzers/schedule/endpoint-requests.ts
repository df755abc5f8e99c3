import {
  type EndpointTotalsParameters,
  type EndpointTotalsRow,
  endpointTotalsQuery,
  type PlacedEndpointTotalsRow,
} from "../../storage/queries/endpoint-totals.ts";
import type { Store } from "../../storage/store.ts";
import type { EndpointKey } from "./endpoint-sample.ts";

/** An endpoint in [fromS, toS), seconds since 1970. */
export interface EndpointWindow extends EndpointKey {
  readonly fromS: number;
  readonly toS: number;
}

/** Requests of each, in the order asked for, by version of the service; none: it is no route of a server. */
export async function readRequests(
  store: Store,
  wanted: readonly EndpointWindow[],
): Promise<EndpointTotalsRow[][]> {
  const found = wanted.map((): EndpointTotalsRow[] => []);
  if (wanted.length === 0) return found;
  const parameters: EndpointTotalsParameters = {
    services: wanted.map(({ service }) => service),
    environments: wanted.map(({ environment }) => environment),
    methods: wanted.map(({ method }) => method),
    routes: wanted.map(({ route }) => route),
    fromS: wanted.map(({ fromS }) => String(fromS)),
    toS: wanted.map(({ toS }) => String(toS)),
  };
  const rows = await store.select<PlacedEndpointTotalsRow>(endpointTotalsQuery, parameters);
  for (const { endpoint, ...row } of rows) found[endpoint]!.push(row);
  return found;
}
