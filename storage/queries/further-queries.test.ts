import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type SpanRow, toTimestamp, writeSpanFile } from "../../test/support/span-file.ts";
import { type EmbeddedStore, openEmbeddedStore } from "../embedded/open-embedded-store.ts";
import {
  type CallHistoryParameters,
  type CallHistoryRow,
  callHistoryQuery,
} from "./call-history.ts";
import { type OpenRequestsParameters, openRequestsQuery } from "./open-requests.ts";

const root = mkdtempSync(join(tmpdir(), "culprit-further-queries-"));
const hourMs = 3_600_000;
const thisHourMs = Math.floor(Date.now() / hourMs) * hourMs;
let store: EmbeddedStore;
let traces = 0;

const newTrace = () => (++traces).toString(16).padStart(32, "0");

/** A query in the nth minute of an hour. */
function query(hoursAgo: number, minute: number, ms: number, fields: SpanRow = {}): SpanRow {
  return {
    ts: toTimestamp(thisHourMs - hoursAgo * hourMs + minute * 60_000, 5),
    duration: ms * 1e6,
    trace_id: newTrace(),
    span_id: "0000000000000001",
    parent_span_id: "00000000000000aa",
    name: "SELECT reviews",
    kind: 3,
    service: "shop",
    environment: "production",
    service_version: "1",
    db_system_name: "postgresql",
    db_namespace: "shop",
    shape_id: "7",
    ...fields,
  };
}

/** A request from so many milliseconds after the hour's start on. */
function request(fromMs: number, forMs: number, fields: SpanRow = {}): SpanRow {
  return {
    ts: toTimestamp(thisHourMs - hourMs + fromMs),
    duration: forMs * 1e6,
    trace_id: newTrace(),
    span_id: "0000000000000002",
    name: "GET /orders",
    kind: 2,
    service: "shop",
    environment: "production",
    ...fields,
  };
}

const held = request(500, 1_000);
const long = request(0, 30_000);
const between = request(1_600, 50);

beforeAll(async () => {
  store = await openEmbeddedStore({ folder: join(root, "store") });
  const file = join(root, "spans.native");
  await writeSpanFile(file, [
    ...[10, 20, 30].map((ms, i) => query(1, i, ms, { returned_rows: i === 0 ? "-1" : "4" })),
    query(1, 5, 999, { repeats: 12 }),
    query(1, 6, 999, { status_code: 2 }),
    // A sampler keeps the slow ones, and one in ten of the others.
    query(2, 1, 5, { service_version: "0", weight: 10 }),
    ...[2, 3].map((i) => query(2, i, 500, { service_version: "0" })),
    query(3, 1, 5),
    ...[1, 2, 3, 4].map((i) => query(1, i, 2, { shape_id: "8" })),
    ...[1, 2].map((i) => query(1, i, 2, { shape_id: "9" })),
    query(1, 1, 1, { service: "other" }),
    query(1, 1, 1, { db_system_name: "", name: "GET" }),
    held,
    long,
    between,
    request(2_000, 10, { service: "other" }),
    request(2_000, 10, { kind: 1, parent_span_id: "00000000000000aa" }),
  ]);
  await store.insertBlocks("spans", file, "first");
});

afterAll(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

const askHistory = (fields: Partial<CallHistoryParameters> = {}) =>
  store.select<CallHistoryRow>(callHistoryQuery, {
    services: ["shop"],
    shapes: ["7"],
    hoursS: [1, 2].map((ago) => String((thisHourMs - ago * hourMs) / 1000)),
    rowsMax: 100,
    ...fields,
  });

test("call-history: the hours asked for, the shape in question first, then what is called most", async () => {
  const rows = await askHistory();
  expect(
    rows.map(({ shapeId, hourS, calls }) => [shapeId, thisHourMs / 1000 - hourS, calls]),
  ).toEqual([
    ["7", 7_200, 3],
    ["7", 3_600, 3],
    ["8", 3_600, 4],
    ["9", 3_600, 2],
  ]);
  expect(rows[1]).toEqual({
    service: "shop",
    environment: "production",
    database: "postgresql shop",
    shapeId: "7",
    hourS: (thisHourMs - hourMs) / 1000,
    calls: 3,
    p50Ns: 20e6,
    rows: 4,
    serviceVersions: ["1"],
  });
  expect(rows[0]).toMatchObject({ p50Ns: 5e6, rows: -1, serviceVersions: ["0"] });
  expect(await askHistory({ rowsMax: 2 })).toEqual(rows.slice(0, 2));
  expect(await askHistory({ services: ["nobody"] })).toEqual([]);
});

const askOpen = (windows: readonly (readonly [fromMs: number, toMs: number])[], tracesMax = 10) => {
  const startMs = thisHourMs - hourMs;
  const parameters: OpenRequestsParameters = {
    service: "shop",
    environment: "production",
    fromNs: windows.map(([fromMs]) => `${startMs + fromMs}000000`),
    toNs: windows.map(([, toMs]) => `${startMs + toMs}000000`),
    fromS: startMs / 1000,
    toS: startMs / 1000 + 60,
    lookBackS: 20,
    tracesMax,
  };
  return store.select<{ traceId: string }>(openRequestsQuery, parameters);
};

test("open-requests: who was under way in one of the windows, the longest first", async () => {
  const ids = async (...asked: Parameters<typeof askOpen>) =>
    (await askOpen(...asked)).map(({ traceId }) => traceId);
  expect(await ids([[1_000, 1_500]])).toEqual([long.trace_id, held.trace_id]);
  expect(await ids([[1_000, 1_700]])).toEqual([long.trace_id, held.trace_id, between.trace_id]);
  expect(await ids([[1_000, 1_700]], 1)).toEqual([long.trace_id]);
  expect(await ids([[1_510, 1_590]])).toEqual([long.trace_id]);
  expect(
    await ids([
      [1_490, 1_495],
      [1_610, 1_620],
    ]),
  ).toEqual([long.trace_id, held.trace_id, long.trace_id, between.trace_id]);
  // It is under way, and began more than 20 s before.
  expect(await ids([[25_000, 26_000]])).toEqual([]);
});

test("open-requests: where in time to read them", async () => {
  const [row] = await askOpen([[1_000, 1_500]]);
  const startS = (thisHourMs - hourMs) / 1000;
  expect(row).toMatchObject({ fromS: startS, toS: startS + 31 });
});
