import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EmbeddedStore, openEmbeddedStore } from "../embedded/open-embedded-store.ts";
import { type DeliveriesParameters, deliveriesQuery } from "./deliveries.ts";
import {
  type FindingEventRow,
  type FindingEventsParameters,
  findingEventsQuery,
} from "./finding-events.ts";
import { type FindingsParameters, findingsQuery } from "./findings.ts";
import { type FindingsByIdParameters, findingsByIdQuery } from "./findings-by-id.ts";
import { type OccurrenceSamplesParameters, occurrenceSamplesQuery } from "./occurrence-samples.ts";
import {
  type OccurrenceTotalsParameters,
  type OccurrenceTotalsRow,
  occurrenceTotalsQuery,
} from "./occurrence-totals.ts";
import {
  type OccurrencesByTraceParameters,
  occurrencesByTraceQuery,
} from "./occurrences-by-trace.ts";
import { type WatermarkParameters, watermarkQuery } from "./watermark.ts";

const root = mkdtempSync(join(tmpdir(), "culprit-finding-queries-"));
const nPlusOne = "a".repeat(32);
const serial = "b".repeat(32);
const nowMs = Math.floor(Date.now() / 1000) * 1000;
let store: EmbeddedStore;

beforeAll(async () => {
  store = await openEmbeddedStore({ folder: root });
});

afterAll(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

const traceOf = (i: number) => i.toString(16).padStart(32, "0");

/** Trace i: i calls, in an endpoint of i milliseconds. */
function occurrence(fingerprint: string, i: number, others: object = {}) {
  return {
    fingerprint,
    trace_id: traceOf(i),
    detector: "n-plus-one",
    detector_version: 2,
    service: "shop",
    environment: "production",
    service_version: i % 2 === 0 ? "1" : "2",
    http_request_method: "GET",
    http_route: "/orders",
    ts: nowMs - 60_000 + i,
    seen: nowMs,
    repeats: i,
    duration_ns: i * 100,
    endpoint_duration_ns: i * 1_000_000,
    critical_ns: i * 50,
    confidence: "high",
    suppressed_by: "",
    span_ids: [`span-${i}`],
    evidence: `{"trace":${i}}`,
    ...others,
  };
}

test("occurrence-totals and -samples count each trace once, of the newest detector, without what a guard held back", async () => {
  const rows = [1, 2, 3, 4, 5].map((i) => occurrence(nPlusOne, i));
  await store.insertRows("occurrences", rows);
  await store.insertRows("occurrences", [
    ...rows.map((row) => ({ ...row, seen: nowMs + 1, evidence: "{}" })),
    occurrence(nPlusOne, 6, { suppressed_by: "different-namespaces" }),
    occurrence(nPlusOne, 7, { detector_version: 1 }),
    occurrence(nPlusOne, 8, { ts: nowMs - 3_600_000 }),
    occurrence(serial, 9),
  ]);
  const since = { fingerprints: [nPlusOne], sinceMs: nowMs - 120_000 };
  const totals: OccurrenceTotalsParameters = { ...since, findingsMax: 10 };
  const samplesOf: OccurrenceSamplesParameters = { ...since, samplesMax: 3 };

  expect(await store.select(occurrenceTotalsQuery, totals)).toEqual([
    {
      fingerprint: nPlusOne,
      detectorVersion: 2,
      detector: "n-plus-one",
      service: "shop",
      environment: "production",
      method: "GET",
      route: "/orders",
      otherEndpoints: [],
      tracesAffected: "5",
      repeatsMedian: "3",
      repeatsMax: "5",
      firstSeenMs: nowMs - 59_999,
      lastSeenMs: nowMs - 59_995,
      serviceVersions: ["1", "2"],
      confidences: ["high"],
      durationNsSum: 1_500,
      criticalNsSum: 750,
      endpointDurationNsSum: 15_000_000,
      latestEvidence: "{}",
    },
  ]);

  const samples = await store.select(occurrenceSamplesQuery, samplesOf);
  expect(samples).toEqual(
    [
      { role: "slow", i: 5 },
      { role: "typical", i: 3 },
      { role: "fast", i: 1 },
    ].map(({ role, i }) => ({
      fingerprint: nPlusOne,
      traceId: traceOf(i),
      role,
      durationNs: i * 1_000_000,
      startMs: nowMs - 60_000 + i,
      spanIds: [`span-${i}`],
      evidence: "{}",
    })),
  );
});

test("occurrence-totals names the endpoint that loses most time, and then the others", async () => {
  const slow = "e".repeat(32);
  const at = (i: number, http_route: string, critical_ns: number) =>
    occurrence(slow, i, { http_route, critical_ns });
  await store.insertRows("occurrences", [
    at(1, "/often", 10_000),
    at(2, "/often", 10_000),
    at(3, "/seldom", 90_000_000),
    at(4, "/list", 50_000),
  ]);
  const [totals] = await store.select<OccurrenceTotalsRow>(occurrenceTotalsQuery, {
    fingerprints: [slow],
    sinceMs: nowMs - 120_000,
    findingsMax: 1,
  });
  expect([totals!.method, totals!.route]).toEqual(["GET", "/seldom"]);
  expect(totals!.otherEndpoints).toEqual([
    ["GET", "/list"],
    ["GET", "/often"],
  ]);
});

test("occurrence-samples of one occurrence is a slow one, of two a slow and a fast one", async () => {
  const roles = async (fingerprint: string) => {
    const parameters = { fingerprints: [fingerprint], sinceMs: 0, samplesMax: 3 };
    const rows = await store.select<{ role: string }>(occurrenceSamplesQuery, parameters);
    return rows.map(({ role }) => role);
  };
  const fingerprint = "c".repeat(32);
  await store.insertRows("occurrences", [occurrence(fingerprint, 20)]);
  expect(await roles(fingerprint)).toEqual(["slow"]);
  await store.insertRows("occurrences", [occurrence(fingerprint, 21)]);
  expect(await roles(fingerprint)).toEqual(["slow", "fast"]);
});

test("occurrences-by-trace gives what was found in a trace, then what guards held back", async () => {
  const traceId = traceOf(30);
  await store.insertRows("occurrences", [
    occurrence(serial, 30, { detector_version: 1, span_ids: ["old"] }),
    occurrence(serial, 30),
    occurrence(nPlusOne, 30, { suppressed_by: "batch" }),
  ]);
  const parameters: OccurrencesByTraceParameters = { traceId, findingsMax: 10 };
  expect(await store.select(occurrencesByTraceQuery, parameters)).toEqual([
    {
      fingerprint: serial,
      detector: "n-plus-one",
      guard: "",
      spanIds: ["span-30"],
      evidence: '{"trace":30}',
    },
    {
      fingerprint: nPlusOne,
      detector: "n-plus-one",
      guard: "batch",
      spanIds: ["span-30"],
      evidence: '{"trace":30}',
    },
  ]);
});

test("findings gives the latest body of each, by rank; findings-by-id some of them", async () => {
  const finding = (fingerprint: string, rank: number, updated: number) => ({
    fingerprint,
    updated,
    detector: "n-plus-one",
    service: "shop",
    environment: "production",
    http_request_method: "GET",
    http_route: "/orders",
    rank,
    body: JSON.stringify({ rank }),
  });
  await store.insertRows("findings", [finding(nPlusOne, 9.5, nowMs), finding(serial, 2, nowMs)]);
  await store.insertRows("findings", [finding(nPlusOne, 1, nowMs + 1)]);
  const latest = [
    { fingerprint: serial, updatedMs: nowMs, body: '{"rank":2}' },
    { fingerprint: nPlusOne, updatedMs: nowMs + 1, body: '{"rank":1}' },
  ];
  const all: FindingsParameters = { findingsMax: 10 };
  expect(await store.select(findingsQuery, all)).toEqual(latest);
  expect(await store.select(findingsQuery, { findingsMax: 1 })).toEqual(latest.slice(0, 1));
  const byId = (parameters: FindingsByIdParameters) => store.select(findingsByIdQuery, parameters);
  expect(await byId({ fingerprints: [nPlusOne, "0".repeat(32)] })).toEqual(latest.slice(1));
  expect(await byId({ fingerprints: [] })).toEqual([]);
});

test("finding-events gives what happened, oldest first", async () => {
  const event = (at: number, kind: string) => ({ fingerprint: serial, at, kind, body: "{}" });
  await store.insertRows("finding_events", [
    event(nowMs + 5, "muted"),
    event(nowMs, "acknowledged"),
  ]);
  const parameters: FindingEventsParameters = { fingerprints: [serial], eventsMax: 10 };
  const events = await store.select<FindingEventRow>(findingEventsQuery, parameters);
  expect(events).toEqual([
    { fingerprint: serial, atMs: nowMs, kind: "acknowledged", body: "{}" },
    { fingerprint: serial, atMs: nowMs + 5, kind: "muted", body: "{}" },
  ]);
});

test("deliveries gives the last attempt per finding and channel, newest first", async () => {
  const attempt = (channel: string, n: number) => ({
    fingerprint: serial,
    channel,
    at: nowMs + n,
    outcome: n === 2 ? "sent" : "failed",
    attempt: n,
    reason: "",
  });
  const attempts = [attempt("slack", 2), attempt("slack", 1), attempt("hook", 1)];
  await store.insertRows("deliveries", attempts);
  const parameters: DeliveriesParameters = { deliveriesMax: 10 };
  const rows = await store.select(deliveriesQuery, parameters);
  const toRow = ({ at, ...row }: ReturnType<typeof attempt>) => ({ ...row, atMs: at });
  expect(rows).toEqual([toRow(attempts[0]!), toRow(attempts[2]!)]);
  expect(await store.select(deliveriesQuery, { deliveriesMax: 1 })).toEqual([toRow(attempts[0]!)]);
});

test("watermark gives the latest value under a name", async () => {
  const value = (name: string, at: number, text: string) => ({ name, at, value: text });
  await store.insertRows("watermarks", [
    value("settled", nowMs + 1, "b"),
    value("settled", nowMs, "a"),
  ]);
  const settled: WatermarkParameters = { name: "settled" };
  expect(await store.select(watermarkQuery, settled)).toEqual([
    { name: "settled", atMs: nowMs + 1, value: "b" },
  ]);
  expect(await store.select(watermarkQuery, { name: "none" })).toEqual([]);
});
