import type { FindingRow } from "../../storage/queries/findings.ts";
import { findingsByIdQuery } from "../../storage/queries/findings-by-id.ts";
import type { Row, Store } from "../../storage/store.ts";
import type { Confidence, Finding } from "../model/finding.ts";

const weightOf: Readonly<Record<Confidence, number>> = { high: 1, medium: 0.6, low: 0.3 };

/**
 * What to fix first: seconds a day that the fix is expected to save, weighted by how sure we are. `savedShare` is the
 * share of `impact.secondsPerDay` that goes away, 0 … 1.
 */
export function rankOf({ impact, confidence }: Finding, savedShare: number): number {
  const rank = impact.secondsPerDay * Math.min(1, Math.max(0, savedShare)) * weightOf[confidence];
  return Number.isFinite(rank) ? rank : 0;
}

export async function storeFinding(
  store: Store,
  finding: Finding,
  { savedShare, nowMs }: { readonly savedShare: number; readonly nowMs: number },
): Promise<void> {
  await store.insertRows("findings", [
    {
      ...toRow(finding, nowMs),
      rank: rankOf(finding, savedShare),
      body: JSON.stringify(finding),
    },
  ]);
}

function toRow(finding: Finding, nowMs: number): Row {
  return {
    fingerprint: finding.id,
    updated: nowMs,
    detector: finding.detector,
    service: finding.service,
    environment: finding.environment,
    http_request_method: finding.endpoint.method,
    http_route: finding.endpoint.route,
  };
}

/** What half a trace seemed to show, and the whole did not: nothing of it stands, and it leaves the list. */
export async function takeBackFinding(
  store: Store,
  finding: Finding,
  nowMs: number,
): Promise<void> {
  await store.insertRows("findings", [{ ...toRow(finding, nowMs), rank: 0, body: "" }]);
}

/** The finding as it was stored last; undefined: it is new. */
export async function readFinding(store: Store, fingerprint: string): Promise<Finding | undefined> {
  const [row] = await store.select<FindingRow>(findingsByIdQuery, { fingerprints: [fingerprint] });
  return row && JSON.parse(row.body);
}
