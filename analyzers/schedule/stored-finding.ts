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

export interface RankedFinding {
  readonly finding: Finding;
  readonly savedShare: number;
}

/** All of them in one insert. */
export async function storeFindings(
  store: Store,
  findings: readonly RankedFinding[],
  nowMs: number,
): Promise<void> {
  await store.insertRows(
    "findings",
    findings.map(({ finding, savedShare }) => ({
      ...toRow(finding, nowMs),
      rank: rankOf(finding, savedShare),
      body: JSON.stringify(finding),
    })),
  );
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
export async function takeBackFindings(
  store: Store,
  findings: readonly Finding[],
  nowMs: number,
): Promise<void> {
  await store.insertRows(
    "findings",
    findings.map((finding) => ({ ...toRow(finding, nowMs), rank: 0, body: "" })),
  );
}

/** The findings as they were stored last, by id; one that is not there is new. */
export async function readFindings(
  store: Store,
  fingerprints: readonly string[],
): Promise<ReadonlyMap<string, Finding>> {
  if (fingerprints.length === 0) return new Map();
  const rows = await store.select<FindingRow>(findingsByIdQuery, { fingerprints });
  return new Map(rows.map(({ fingerprint, body }) => [fingerprint, JSON.parse(body)]));
}
