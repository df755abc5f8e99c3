import type { EndpointTotalsRow } from "../../storage/queries/endpoint-totals.ts";

/** Versions that a finding names: the oldest one, and the newest of the others. */
const versionsMax = 100;

/**
 * The versions of the service in which a finding was seen, oldest first: those that were known before, then the new
 * ones by the time from which they answered requests (in whole minutes; within one, by number).
 */
export function orderVersions(
  known: readonly string[],
  seen: readonly string[],
  requests: readonly EndpointTotalsRow[],
): string[] {
  const fromS = new Map(requests.map((row) => [row.serviceVersion, row.fromS]));
  const added = seen
    .filter((version) => version !== "" && !known.includes(version))
    .sort(
      (a, b) =>
        (fromS.get(a) ?? Number.MAX_SAFE_INTEGER) - (fromS.get(b) ?? Number.MAX_SAFE_INTEGER) ||
        a.localeCompare(b, "en", { numeric: true }),
    );
  const [oldest, ...others] = [...known, ...added];
  return oldest === undefined ? [] : [oldest, ...others.slice(1 - versionsMax)];
}
