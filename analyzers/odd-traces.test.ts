import { describe, expect, test } from "vitest";
import {
  buildColumns,
  buildTrace,
  inSequence,
  query,
  type SpanFields,
  type SpanNode,
} from "../test/support/trace-builder.ts";
import { LearnedOrder } from "./facts/learned-order.ts";
import { traceDetectors } from "./index.ts";
import type { SpanColumns } from "./model/span-columns.ts";
import { type TraceView, toTraceView } from "./model/trace-view.ts";

/** Whatever a client sends, every detector comes to an end, and what it says is about spans that are there. */
function runAll(trace: TraceView): number {
  const order = new LearnedOrder();
  order.learn(trace);
  let observed = 0;
  for (const { meta, detect } of traceDetectors) {
    for (const { spans, endpointSpan, repeats } of detect(trace, meta.defaults, order)) {
      observed++;
      expect(spans.length).toBeGreaterThan(0);
      expect([endpointSpan, ...spans].every((span) => trace.spanId[span] !== undefined)).toBe(true);
      expect(Number.isFinite(repeats)).toBe(true);
    }
  }
  return observed;
}

const begin: SpanFields = { ...query, dbQueryText: "begin", dbQuerySummary: "BEGIN", shapeId: "9" };
const failing: SpanFields = { ...query, statusCode: 2, shapeId: "8" };
const blocked: SpanFields = { name: "event loop blocked", isBlockCause: 1 };
const checkout: SpanFields = { name: "pg-pool.connect", dbSystemName: "postgresql" };
/** Something for every detector. */
const all: readonly SpanNode[] = [
  ...inSequence(query, 6, 20),
  ...inSequence({ ...query, paramsHash: "7", shapeId: "2" }, 4, 20, { fromMs: 120 }),
  ...inSequence({ ...query, dbQueryText: "insert into t values ($1)", shapeId: "3" }, 6, 5),
  [{ ...query, shapeId: "4", returnedRows: 5_000 }, 200, 900],
  ...inSequence(failing, 4, 10),
  [checkout, 0, 300],
  [begin, 0, 1],
  [blocked, 10, 300],
];
const page: SpanNode = ["GET /orders", 0, 1000, ...all];
const columns = buildColumns(page);
const changed = (change: Partial<SpanColumns>) => toTraceView("t", { ...columns, ...change });
const each = <T>(make: (i: number) => T): T[] => columns.spanId.map((_, i) => make(i));

describe("every detector comes to an end, and names spans that are there", () => {
  test("a plain trace with something for each of them", () => {
    expect(runAll(buildTrace(page))).toBeGreaterThan(8);
  });

  test.each<[string, Partial<SpanColumns>]>([
    ["all parents missing", { parentSpanId: each(() => "00000000000000ff") }],
    ["each span is its own parent", { parentSpanId: columns.spanId }],
    [
      "a ring of all spans",
      { parentSpanId: each((i) => columns.spanId[(i + 1) % columns.spanId.length]!) },
    ],
    ["no duration at all", { durationNs: each(() => 0) }],
    ["negative durations", { durationNs: each((i) => -1e6 * i) }],
    ["all at time zero", { startS: each(() => 0), startNs: each(() => 0) }],
    [
      "some of 1970, the others of today",
      { startS: each((i) => (i % 2 === 0 ? 0 : columns.startS[i]!)) },
    ],
    ["a year from now", { startS: each((i) => columns.startS[i]! + 31_536_000) }],
    ["durations of a century", { durationNs: each(() => 3e18) }],
    [
      "one name, no attribute at all",
      {
        name: each(() => ""),
        dbSystemName: each(() => ""),
        dbQueryText: each(() => ""),
        dbQuerySummary: each(() => ""),
        httpRoute: each(() => ""),
        httpRequestMethod: each(() => ""),
        service: each(() => ""),
      },
    ],
    [
      "kinds and statuses that nobody knows",
      { kind: each((i) => i % 9), statusCode: each(() => 77) },
    ],
    ["repeats of zero and of billions", { repeats: each((i) => (i % 2 === 0 ? 0 : 4e9)) }],
    ["more rows than there can be", { returnedRows: each(() => Number.MAX_SAFE_INTEGER) }],
    ["texts that are cut everywhere", { dbQueryText: each(() => "select (((…") }],
    ["a text of only brackets", { dbQueryText: each(() => "(".repeat(5_000)) }],
    ["every span a transaction of its own", { transactionId: each(String) }],
    ["every span waited for ever", { poolWaitNs: each(() => 1e18) }],
  ])("%s", (_, change) => {
    expect(() => runAll(changed(change))).not.toThrow();
  });

  test("a single span", () => {
    runAll(buildTrace([query, 0, 0]));
    runAll(buildTrace(["", 0, 0]));
  });
});

describe("every detector comes to an end with a trace of", () => {
  test("10,000 levels", () => {
    let node: SpanNode = [query, 0, 500];
    for (let i = 0; i < 10_000; i++) node = [i % 2 === 0 ? query : "f", 0, 500, node];
    runAll(buildTrace(["GET /deep", 0, 500, node]));
  });

  test("100,000 spans below one", () => {
    expect(
      runAll(buildTrace(["GET /wide", 0, 100_000, ...inSequence(query, 100_000, 1)])),
    ).toBeGreaterThan(0);
  });

  test("100,000 spans, each another call", () => {
    const calls = Array.from(
      { length: 100_000 },
      (_, i): SpanNode => [
        { ...query, shapeId: String(10_000 + i), paramsHash: String(i + 1) },
        i,
        i + 20,
      ],
    );
    runAll(buildTrace(["GET /wide", 0, 100_020, ...calls]));
  });

  test("50,000 slow calls, each another one", () => {
    const calls = Array.from(
      { length: 50_000 },
      (_, i): SpanNode => [{ ...query, shapeId: String(i) }, i * 3, i * 3 + 300],
    );
    runAll(buildTrace(["GET /slow", 0, 151_000, ...calls]));
  });

  test("20,000 calls one after the other that need nothing of each other", () => {
    const calls = Array.from(
      { length: 20_000 },
      (_, i): SpanNode => [
        { ...query, shapeId: String(10_000 + i), dbQueryText: "select sum(a) from t" },
        i * 20,
        i * 20 + 20,
      ],
    );
    runAll(buildTrace(["GET /long", 0, 400_000, ...calls]));
  });

  test("1,000,000 spans", () => {
    expect(runAll(wideTrace(1_000_000))).toBeGreaterThan(0);
  });
});

/** A loop of so many spans. Equal columns are one list: what takes memory is the analysis, not the test's own lists. */
function wideTrace(size: number): TraceView {
  const one = buildColumns(["GET /wide", 0, 2 * size, [query, 0, 1]]);
  const listOf = new Map<unknown, unknown[]>();
  const repeated = Object.entries(one).map(([name, [root, child]]) => {
    const all = listOf.get(child) ?? Array.from({ length: size }, () => child);
    listOf.set(child, all);
    return [name, root === child ? all : all.with(0, root)];
  });
  const list = <T>(make: (i: number) => T): T[] => Array.from({ length: size }, (_, i) => make(i));
  const toId = (i: number) => (i + 1).toString(16).padStart(16, "0");
  return toTraceView("t", {
    ...(Object.fromEntries(repeated) as unknown as SpanColumns),
    spanId: list(toId),
    parentSpanId: list((i) => (i === 0 ? "" : toId(0))),
    startS: list((i) => one.startS[0]! + Math.floor(i / 500)),
    startNs: list((i) => (i % 500) * 2_000_000),
    paramsHash: list(String),
  });
}
