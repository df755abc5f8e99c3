import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OtlpSpan } from "../../test/support/otlp-body.ts";
import { loopTrace, openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import type { TraceDetector } from "../detector.ts";
import type { Finding } from "../model/finding.ts";
import { nPlusOne } from "../trace/n-plus-one.ts";
import { slowQuery } from "../trace/slow-query.ts";
import { createAnalysisCounters } from "./analysis-counters.ts";
import { Schedule } from "./schedule.ts";

let traces: TestStore;

beforeAll(async () => {
  traces = await openTestStore();
});

afterAll(() => traces.close());

function scheduleOf(detector: TraceDetector, told: Finding[], aheadMs: () => number): Schedule {
  return new Schedule({
    store: traces.store,
    traceDetectors: [detector],
    windowDetectors: [],
    counters: createAnalysisCounters([detector.meta.id]),
    onFinding: (finding) => told.push(finding),
    log: () => undefined,
    now: () => Date.now() + aheadMs(),
  });
}

test("what was seen too seldom is looked at again half a minute later, not minutes later", async () => {
  const detector: TraceDetector = {
    ...nPlusOne,
    meta: { ...nPlusOne.meta, seenMin: { traces: 3, share: 0.1 } },
  } as TraceDetector;
  const told: Finding[] = [];
  let aheadMs = 11_000;
  const schedule = scheduleOf(detector, told, () => aheadMs);
  await traces.insert([loopTrace(), loopTrace()].flat());
  await schedule.run();
  expect(told).toEqual([]);

  await traces.insert(loopTrace());
  aheadMs += 42_000;
  await schedule.run();
  expect(told.map(({ evidence }) => evidence.tracesAffected)).toEqual([3]);
});

/** A request with one query, which has the same parameters each time that `params` are. */
function requestWith(queryMs: number, route: string, params: string): OtlpSpan[] {
  const traceId = randomBytes(16).toString("hex");
  const [spanId, child] = [randomBytes(8).toString("hex"), randomBytes(8).toString("hex")];
  const startMs = Date.now() - 60_000;
  return [
    {
      traceId,
      spanId,
      name: `GET ${route}`,
      kind: 2,
      startMs,
      durationMs: queryMs + 2,
      attributes: { "http.request.method": "GET", "http.route": route },
    },
    {
      traceId,
      spanId: child,
      parentSpanId: spanId,
      name: "SELECT sales",
      kind: 3,
      startMs: startMs + 1,
      durationMs: queryMs,
      attributes: {
        "db.system.name": "postgresql",
        "db.query.text": `SELECT sum(cents) FROM sales${route.replace("/", "_")} WHERE year = $1`,
        "culprit.params_hash": params,
      },
    },
  ];
}

test("a query that is usually fast is no finding, however slow it was a few times", async () => {
  const told: Finding[] = [];
  const durations = [20, 20, 20, 20, 20, 300, 300, 300];
  const same = durations.flatMap((ms) => requestWith(ms, "/same", "00000000000000aa"));
  const different = durations.flatMap((ms, i) =>
    requestWith(ms, "/different", `00000000000000${10 + i}`),
  );
  await traces.insert([...same, ...different]);
  await scheduleOf(slowQuery as TraceDetector, told, () => 11_000).run();
  expect(told.map(({ endpoint }) => endpoint.route)).toEqual(["/different"]);
});
