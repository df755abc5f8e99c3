import { afterAll, beforeAll, expect, test } from "vitest";
import { readMigrations } from "../../storage/migrate.ts";
import { settledTracesQuery } from "../../storage/queries/settled-traces.ts";
import type { OtlpSpan } from "../../test/support/otlp-body.ts";
import { loopTrace, openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import type { TraceDetector } from "../detector.ts";
import { checkoutPattern } from "../facts/connection-waits.ts";
import { blockSpanName } from "../facts/event-loop-blocks.ts";
import { traceDetectors } from "../index.ts";
import { createAnalysisCounters } from "./analysis-counters.ts";
import { selectCandidates } from "./candidates.ts";
import { SettledColumns } from "./settled-columns.ts";
import { completeTraces, type SettledTrace } from "./settled-trace.ts";

let traces: TestStore;
const log: string[] = [];

beforeAll(async () => {
  traces = await openTestStore();
});

afterAll(() => traces.close());

/** What arrived of the traces since `sinceMs`, as if they had settled. */
async function settle(stories: readonly (readonly OtlpSpan[])[], sinceMs = 0) {
  const columns = await traces.store.selectNative(settledTracesQuery, {
    sinceMs,
    sinceTraceId: "",
    untilMs: Date.now() + 1,
    quietMs: 0,
    settledMaxMs: 0,
    lookBackMs: 0,
    tracesMax: 1_000,
    worker: 0,
    workers: 1,
  });
  const ids = new Set(stories.map((spans) => spans[0]!.traceId));
  const arrived = new SettledColumns(columns).toArrived().filter(({ traceId }) => ids.has(traceId));
  return completeTraces(traces.store, arrived);
}

function select(
  settled: readonly SettledTrace[],
  detectors: readonly TraceDetector[] = traceDetectors,
) {
  const counters = createAnalysisCounters(detectors.map(({ meta }) => meta.id));
  const report = { detectors, counters, log: (line: string) => log.push(line) };
  return selectCandidates(report, settled);
}

const idsOf = (wanted: ReturnType<typeof select>, [first]: readonly OtlpSpan[]) =>
  (wanted.get(first!.traceId) ?? []).map(({ meta }) => meta.id).sort();

/** A request with calls of 5 ms each, as `calls` changes them. */
function request(...calls: readonly Partial<OtlpSpan>[]): OtlpSpan[] {
  const [endpoint, ...loop] = loopTrace({ queries: calls.length });
  return [
    endpoint!,
    ...loop.map((span, i) => ({
      ...span,
      durationMs: 5,
      ...calls[i],
      attributes: calls[i]!.attributes ?? {
        ...span.attributes,
        "db.query.text": `SELECT a${i}b FROM t${i}`,
      },
    })),
  ];
}

const sql = (text: string) => ({ "db.system.name": "postgresql", "db.query.text": text });
const http = (host: string) => ({
  "http.request.method": "POST",
  "url.full": `http://${host}/payments`,
  "server.address": host,
});
const same = (count: number, call: Partial<OtlpSpan> = { attributes: sql("SELECT 1 FROM t") }) =>
  Array.from({ length: count }, () => call);

/** Each story with those who want a closer look at it. */
const stories: Record<string, readonly [OtlpSpan[], readonly string[]]> = {
  "two unlike short queries": [request({}, {}), []],
  "one query three times": [request(...same(3)), ["duplicate-call"]],
  "one query five times": [request(...same(5)), ["duplicate-call", "n-plus-one", "write-loop"]],
  "one insert five times": [
    request(...same(5, { attributes: sql("INSERT INTO t VALUES ($1)") })),
    ["duplicate-call", "n-plus-one", "write-loop"],
  ],
  "a call to a service five times": [
    request(...same(5, { attributes: http("payments") })),
    ["duplicate-call", "n-plus-one", "write-loop"],
  ],
  "two unlike calls of 60 ms": [request({ durationMs: 60 }, { durationMs: 60 }), ["serial-calls"]],
  "a query of 150 ms": [request({ durationMs: 150 }), ["slow-query"]],
  "three failures": [
    request(...same(3, { attributes: http("payments"), hasError: true })),
    ["duplicate-call", "retry-storm"],
  ],
  "a thousand rows": [
    request({ attributes: { ...sql("SELECT a FROM t"), "db.response.returned_rows": 1000 } }),
    ["oversized-response"],
  ],
  "an answer of a megabyte": [
    request({}).map((span) =>
      span.kind === 2
        ? { ...span, attributes: { ...span.attributes, "http.response.body.size": 1_000_000 } }
        : span,
    ),
    ["oversized-response"],
  ],
  "a checkout of 80 ms": [
    request({
      name: "pg-pool.connect",
      durationMs: 80,
      attributes: { "db.system.name": "postgresql" },
    }),
    ["pool-wait"],
  ],
  "a query that waited 80 ms, as the agent says": [
    request({
      durationMs: 90,
      attributes: { ...sql("SELECT a FROM t"), "culprit.pool.wait_ms": 80.5 },
    }),
    ["pool-wait", "slow-query"],
  ],
  "a transaction with a call of 40 ms": [
    request({ attributes: sql("BEGIN") }, { durationMs: 40, attributes: http("payments") }),
    ["transaction-across-call"],
  ],
  "a blocked event loop": [
    request({ name: "event loop blocked", kind: 1, durationMs: 80, attributes: {} }),
    ["event-loop-block"],
  ],
};

test("what arrived of a trace says who wants a closer look at it", async () => {
  const all = Object.values(stories).map(([spans]) => spans);
  for (const spans of all) await traces.insert(spans);
  const wanted = select(await settle(all));
  const found = Object.fromEntries(
    Object.entries(stories).map(([story, [spans]]) => [story, idsOf(wanted, spans)]),
  );
  expect(found).toEqual(
    Object.fromEntries(Object.entries(stories).map(([story, [, ids]]) => [story, [...ids].sort()])),
  );
  expect(log).toEqual([]);
});

test("a loop that arrives in two exports is one loop", async () => {
  const spans = loopTrace({ queries: 6 });
  await traces.insert(spans.slice(4));
  await traces.insert(spans.slice(0, 4));
  expect(idsOf(select(await settle([spans])), spans)).toContain("n-plus-one");
});

test("of a trace that began earlier nobody knows what it has: all want to see it", async () => {
  const spans = loopTrace({ queries: 6 });
  await traces.insert(spans.slice(0, -1));
  const settled = await settle([spans]);
  expect(settled[0]!.signs).toBeDefined();
  // The last span came alone, as far as whoever looks only at later minutes can see.
  const late = [
    {
      ...settled[0]!,
      settledMs: 0,
      spans: 1,
      roots: 0,
      mayBeAgain: false,
      arrivedS: settled[0]!.toS,
      signs: settled[0]!.signs!,
    },
  ];
  const [completed] = await completeTraces(traces.store, late);
  expect(completed!.signs).toBeUndefined();
  expect(idsOf(select([completed!]), spans)).toHaveLength(traceDetectors.length);
});

test("a detector without signs to look for wants every trace", async () => {
  const every = { ...traceDetectors[0]!, isCandidate: undefined } as unknown as TraceDetector;
  const quiet = stories["two unlike short queries"]![0];
  expect([...select(await settle([quiet]), [every]).keys()]).toEqual([quiet[0]!.traceId]);
});

test("a detector that throws on signs is counted, and the others asked", async () => {
  const broken = {
    ...traceDetectors[1]!,
    isCandidate: () => {
      throw new Error("odd signs");
    },
  };
  const loop = stories["one query five times"]![0];
  const wanted = select(await settle([loop]), [broken, traceDetectors[0]!]);
  expect(idsOf(wanted, loop)).toEqual(["n-plus-one"]);
  expect(log.pop()).toContain("odd signs");
});

test("the view that tells signs knows the names that detectors look for, and their shortest long call", () => {
  const views = readMigrations().filter(({ name }) => name.includes("trace-arrivals-view"));
  const { sql } = views.at(-1)!;
  expect(sql).toContain(checkoutPattern);
  expect(sql).toContain(`'${blockSpanName}'`);
  expect(sql).toContain("duration + pool_wait_ns >= 10000000)");
  for (const { meta } of traceDetectors) {
    const { callMsMin = 10, blockMsMin = 10 } = meta.defaults as Record<string, number>;
    expect(Math.min(callMsMin, blockMsMin)).toBeGreaterThanOrEqual(10);
  }
});
