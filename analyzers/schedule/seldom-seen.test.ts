import { afterAll, beforeAll, expect, test } from "vitest";
import { loopTrace, openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import type { TraceDetector } from "../detector.ts";
import type { Finding } from "../model/finding.ts";
import { nPlusOne } from "../trace/n-plus-one.ts";
import { createAnalysisCounters } from "./analysis-counters.ts";
import { Schedule } from "./schedule.ts";

let traces: TestStore;

beforeAll(async () => {
  traces = await openTestStore();
}, 30_000);

afterAll(() => traces.close());

test("what was seen too seldom is looked at again half a minute later, not minutes later", async () => {
  const detector: TraceDetector = {
    ...nPlusOne,
    meta: { ...nPlusOne.meta, seenMin: { traces: 3, share: 0.1 } },
  } as TraceDetector;
  const told: Finding[] = [];
  let aheadMs = 11_000;
  const schedule = new Schedule({
    store: traces.store,
    traceDetectors: [detector],
    windowDetectors: [],
    counters: createAnalysisCounters([detector.meta.id]),
    onFinding: (finding) => told.push(finding),
    log: () => undefined,
    now: () => Date.now() + aheadMs,
  });
  await traces.insert([loopTrace(), loopTrace()].flat());
  await schedule.run();
  expect(told).toEqual([]);

  await traces.insert(loopTrace());
  aheadMs += 42_000;
  await schedule.run();
  expect(told.map(({ evidence }) => evidence.tracesAffected)).toEqual([3]);
});
