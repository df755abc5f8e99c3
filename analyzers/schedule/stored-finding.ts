import { toDateTime64 } from "../../storage/date-time.ts";
import type { FindingRow } from "../../storage/queries/findings.ts";
import { findingsByIdQuery } from "../../storage/queries/findings-by-id.ts";
import type { Store } from "../../storage/store.ts";
import type { Confidence, Finding } from "../model/finding.ts";

const weightOf: Readonly<Record<Confidence, number>> = { high: 1, medium: 0.6, low: 0.3 };

/** What to fix first: seconds a day that the fix is expected to save, weighted by how sure we are. */
export function rankOf({ impact, prediction, confidence }: Finding): number {
  const savedShare = prediction
    ? Math.max(0, 1 - prediction.p50.afterNs / Math.max(1, prediction.p50.beforeNs))
    : impact.criticalPathShare;
  const share =
    impact.criticalPathShare > 0 ? Math.min(1, savedShare / impact.criticalPathShare) : 0;
  return impact.secondsPerDay * share * weightOf[confidence];
}

export async function storeFinding(store: Store, finding: Finding, nowMs: number): Promise<void> {
  await store.insertRows("findings", [
    {
      fingerprint: finding.id,
      updated: toDateTime64(nowMs),
      detector: finding.detector,
      service: finding.service,
      environment: finding.environment,
      http_request_method: finding.endpoint.method,
      http_route: finding.endpoint.route,
      rank: rankOf(finding),
      body: JSON.stringify(finding),
    },
  ]);
}

/** When the finding was first seen, milliseconds since 1970, as far as its stored form knows; Infinity: it is new. */
export async function readFirstSeen(store: Store, fingerprint: string): Promise<number> {
  const [row] = await store.select<FindingRow>(findingsByIdQuery, { fingerprints: [fingerprint] });
  if (!row) return Number.POSITIVE_INFINITY;
  const { firstSeenAt }: Finding = JSON.parse(row.body);
  return firstSeenAt;
}
