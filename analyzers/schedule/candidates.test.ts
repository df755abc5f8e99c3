import { afterAll, beforeAll, expect, test } from "vitest";
import type { OtlpSpan } from "../../test/support/otlp-body.ts";
import { loopTrace, openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import type { TraceDetector } from "../detector.ts";
import { traceDetectors } from "../index.ts";
import { createAnalysisCounters } from "./analysis-counters.ts";
import { selectCandidates } from "./candidates.ts";

let traces: TestStore;
const log: string[] = [];

beforeAll(async () => {
  traces = await openTestStore();
}, 30_000);

afterAll(() => traces.close());

const select = (
  settled: readonly (readonly OtlpSpan[])[],
  detectors: readonly TraceDetector[] = traceDetectors,
) =>
  selectCandidates(
    {
      store: traces.store,
      detectors,
      counters: createAnalysisCounters(detectors.map(({ meta }) => meta.id)),
      log: (line) => log.push(line),
    },
    settled.map((spans) => {
      const s = Math.floor(spans[0]!.startMs / 1000);
      return { traceId: spans[0]!.traceId, fromS: s - 1, toS: s + 60, mayBeAgain: 0, settledMs: 0 };
    }),
  );

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
  "one query five times": [request(...same(5)), ["duplicate-call", "n-plus-one"]],
  "one insert five times": [
    request(...same(5, { attributes: sql("INSERT INTO t VALUES ($1)") })),
    ["duplicate-call", "n-plus-one", "write-loop"],
  ],
  "a call to a service five times": [
    request(...same(5, { attributes: http("payments") })),
    ["duplicate-call", "n-plus-one"],
  ],
  "two unlike calls of 20 ms": [request({ durationMs: 20 }, { durationMs: 20 }), ["serial-calls"]],
  "a query of 150 ms": [request({ durationMs: 150 }), ["slow-query"]],
  "three failures": [
    request(...same(3, { attributes: http("payments"), hasError: true })),
    ["duplicate-call", "retry-storm"],
  ],
  "a thousand rows": [
    request({ attributes: { ...sql("SELECT a FROM t"), "db.response.returned_rows": 1000 } }),
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
    ["pool-wait"],
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

test("one scan says for every trace who wants a closer look at it", async () => {
  const all = Object.values(stories).map(([spans]) => spans);
  for (const spans of all) await traces.insert(spans);
  const wanted = await select(all);
  const found = Object.fromEntries(
    Object.entries(stories).map(([story, [spans]]) => [
      story,
      (wanted.get(spans[0]!.traceId) ?? []).map(({ meta }) => meta.id).sort(),
    ]),
  );
  expect(found).toEqual(
    Object.fromEntries(Object.entries(stories).map(([story, [, ids]]) => [story, [...ids].sort()])),
  );
  expect(log).toEqual([]);
});

test("traces that were not asked for are not read, and none is found among none", async () => {
  const other = request(...same(5));
  await traces.insert(other);
  expect([...(await select([stories["a query of 150 ms"]![0]])).keys()]).toHaveLength(1);
  expect((await select([])).size).toBe(0);
});

test("a loop that crosses the hour is one loop", async () => {
  const hour = Math.floor((Date.now() - 3_700_000) / 3_600_000) * 3_600_000;
  const spans = loopTrace({ queries: 6, startMs: hour - 15 });
  await traces.insert(spans);
  expect((await select([spans])).has(spans[0]!.traceId)).toBe(true);
});

test("a detector without conditions wants every trace", async () => {
  const every = { ...traceDetectors[0]!, candidates: undefined } as unknown as TraceDetector;
  const quiet = stories["two unlike short queries"]![0];
  expect([...(await select([quiet], [every])).keys()]).toEqual([quiet[0]!.traceId]);
});
