import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { OccurrenceByTraceRow } from "../../storage/queries/occurrences-by-trace.ts";
import { occurrencesByTraceQuery } from "../../storage/queries/occurrences-by-trace.ts";
import { StorageError } from "../../storage/store.ts";
import type { OtlpSpan } from "../../test/support/otlp-body.ts";
import { loopTrace, openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import type { Observation, TraceDetector } from "../detector.ts";
import { LearnedOrder } from "../facts/learned-order.ts";
import type { TraceSigns } from "../model/trace-signs.ts";
import { nPlusOne } from "../trace/n-plus-one.ts";
import { createAnalysisCounters } from "./analysis-counters.ts";
import { type Examiner, examineTraces } from "./examine.ts";

let traces: TestStore;
let log: string[] = [];

beforeAll(async () => {
  traces = await openTestStore();
});

beforeEach(() => {
  log = [];
});

afterAll(() => traces.close());

function createExaminer(detectors: readonly TraceDetector[]): Examiner {
  return {
    store: traces.store,
    detectors,
    order: new LearnedOrder(),
    counters: createAnalysisCounters(detectors.map(({ meta }) => meta.id)),
    log: (line) => log.push(line),
    now: Date.now,
  };
}

/** Sees what `detect` says in every trace. */
function detector(id: string, detect: TraceDetector["detect"]): TraceDetector {
  const meta = { id, version: 1, title: id, description: "", severity: "info", defaults: {} };
  return { meta: { ...meta, severity: "info" }, detect };
}

const observation: Observation = {
  identity: ["orders"],
  summary: "orders is slow",
  endpointSpan: 0,
  spans: [1, 2],
  repeats: 2,
  confidence: "high",
  changes: [],
  fix: [],
};

function toSettled(spans: readonly OtlpSpan[]) {
  const s = Math.floor(spans[0]!.startMs / 1000);
  const ids = [...new Set(spans.map(({ traceId }) => traceId))];
  return ids.map((traceId) => ({
    traceId,
    fromS: s - 1,
    toS: s + 60,
    mayBeAgain: false,
  }));
}

async function examine(examiner: Examiner, spans: readonly OtlpSpan[]) {
  await traces.insert(spans);
  return examineTraces(examiner, toSettled(spans));
}

function storedOf(spans: readonly OtlpSpan[]): Promise<OccurrenceByTraceRow[]> {
  const parameters = { traceId: spans[0]!.traceId, findingsMax: 10 };
  return traces.store.select<OccurrenceByTraceRow>(occurrencesByTraceQuery, parameters);
}

test("what is seen is stored once, however often the trace is examined", async () => {
  const spans = loopTrace({ queries: 12 });
  const examiner = createExaminer([nPlusOne as TraceDetector]);
  const seen = await examine(examiner, spans);
  expect([...(await examineTraces(examiner, toSettled(spans))).keys()]).toEqual([...seen.keys()]);
  const stored = await storedOf(spans);
  expect(stored.map(({ fingerprint }) => fingerprint)).toEqual([...seen.keys()]);
  expect(JSON.parse(stored[0]!.evidence)).toMatchObject({
    summary: "GET /orders runs the same query 12 times: SELECT products",
    callSite: { file: "src/orders.ts", line: 88, function: "listOrders" },
    shape: { system: "postgresql", summary: "SELECT products" },
  });
  expect(examiner.counters.tracesExamined).toBe(2);
});

const noSigns: TraceSigns = {
  repeats: 0,
  failures: 0,
  longCallsNs: 0,
  longestCallNs: 0,
  longestQueryNs: 0,
  longestOtherNs: 0,
  returnedRows: 0,
  responseBytes: 0,
  waitsNs: 0,
  transactions: 0,
  blocks: 0,
};

test("a trace without signs of what a detector looks for is not read", async () => {
  const spans = loopTrace({ queries: 2 });
  const examiner = createExaminer([
    { ...nPlusOne, detect: () => expect.fail("was read") } as TraceDetector,
  ]);
  await traces.insert(spans);
  const settled = toSettled(spans).map((trace) => ({ ...trace, signs: noSigns }));
  expect((await examineTraces(examiner, settled)).size).toBe(0);
  expect(examiner.counters.tracesExamined).toBe(1);
  expect(examiner.counters.detectorErrors).toEqual({ "n-plus-one": 0 });
});

test("what a guard held back is stored, and no finding", async () => {
  const spans = loopTrace();
  const held = detector("held", () => [{ ...observation, suppressedBy: "retry" }]);
  expect((await examine(createExaminer([held]), spans)).size).toBe(0);
  expect(await storedOf(spans)).toMatchObject([{ detector: "held", guard: "retry" }]);
});

test("a detector that throws is counted and logged once; the others carry on", async () => {
  const broken = detector("broken", () => {
    throw new Error("odd trace");
  });
  const sound = detector("sound", () => [observation]);
  const examiner = createExaminer([broken, sound]);
  const spans = [...loopTrace(), ...loopTrace()];
  const seen = await examine(examiner, spans);
  expect([...seen.values()]).toEqual([sound]);
  expect(examiner.counters.detectorErrors).toMatchObject({ broken: 2, sound: 0 });
  expect(log.filter((line) => line.includes("broken"))).toHaveLength(1);
  expect(log.join()).toMatch(/trace [0-9a-f]{32}.*odd trace/);
});

test("what one fingerprint shows in two places of a trace is one occurrence with both", async () => {
  const spans = loopTrace();
  const twice = detector("twice", () => [
    observation,
    { ...observation, spans: [3, 4, 5], repeats: 3, summary: "the larger" },
    { ...observation, spans: [6], repeats: 9, suppressedBy: "retry" },
  ]);
  await examine(createExaminer([twice]), spans);
  const stored = await storedOf(spans);
  expect(stored).toHaveLength(1);
  expect(stored[0]!.spanIds).toEqual(spans.slice(1, 6).map(({ spanId }) => spanId));
  expect(JSON.parse(stored[0]!.evidence).summary).toBe("the larger");
});

test("a trace has a limit of findings; what is beyond is counted", async () => {
  const many = detector("many", () =>
    Array.from({ length: 130 }, (_, i) => ({ ...observation, identity: [String(i)] })),
  );
  const examiner = createExaminer([many]);
  expect((await examine(examiner, loopTrace())).size).toBe(100);
  expect(examiner.counters.dropped.observations_of_trace).toBe(30);
});

test("a trace that the store can't return is left out and counted; its neighbours are examined", async () => {
  const spans = [...loopTrace(), ...loopTrace(), ...loopTrace()];
  await traces.insert(spans);
  const large = spans[0]!.traceId;
  const sound = detector("sound", (trace) => [{ ...observation, identity: [trace.traceId] }]);
  const examiner = createExaminer([sound]);
  const seen = await examineTraces(
    {
      ...examiner,
      store: {
        ...traces.store,
        selectNative: (query, parameters) =>
          (parameters.places as string).includes(large)
            ? Promise.reject(new StorageError("QUERY_LIMIT", "too much memory"))
            : traces.store.selectNative(query, parameters),
      },
    },
    toSettled(spans),
  );
  expect(seen.size).toBe(2);
  expect(examiner.counters.dropped.trace_too_large).toBe(1);
  expect(log.join()).toContain(large);
});

test("a store that is away rejects the page, so that it is examined again", async () => {
  const examiner = createExaminer([nPlusOne as TraceDetector]);
  const away = new StorageError("STORE_UNAVAILABLE", "starting");
  const store = { ...traces.store, selectNative: () => Promise.reject(away) };
  await expect(examineTraces({ ...examiner, store }, toSettled(loopTrace()))).rejects.toBe(away);
  expect(examiner.counters.detectorErrors).toEqual({ "n-plus-one": 0 });
});
