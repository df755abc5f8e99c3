import {
  type EndpointTotalsRow,
  endpointTotalsQuery,
  type PlacedEndpointTotalsRow,
} from "../../storage/queries/endpoint-totals.ts";
import type { Store } from "../../storage/store.ts";
import { type EndpointWindow, toLists } from "./endpoint-window.ts";

/** Requests of each, in the order asked for, by version of the service; none: it is no route of a server. */
export async function readRequests(
  store: Store,
  wanted: readonly EndpointWindow[],
): Promise<EndpointTotalsRow[][]> {
  const found = wanted.map((): EndpointTotalsRow[] => []);
  if (wanted.length === 0) return found;
  const rows = await store.select<PlacedEndpointTotalsRow>(endpointTotalsQuery, toLists(wanted));
  for (const { endpoint, ...row } of rows) found[endpoint]!.push(row);
  return found;
}
