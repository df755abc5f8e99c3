import { afterEach, beforeEach, expect, test } from "vitest";
import { type FindingRow, findingsQuery } from "../../storage/queries/findings.ts";
import { type WatermarkRow, watermarkQuery } from "../../storage/queries/watermark.ts";
import { loopTrace, openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import type { TraceDetector } from "../detector.ts";
import type { Finding } from "../model/finding.ts";
import { nPlusOne } from "../trace/n-plus-one.ts";
import { writeLoop } from "../trace/write-loop.ts";
import { createAnalysisCounters } from "./analysis-counters.ts";
import { RaisedRules } from "./raised-rules.ts";
import { Schedule } from "./schedule.ts";
import { SettledTraces } from "./settled.ts";

/** A process that ends, and another one with other rules that goes on with its store. */
let traces: TestStore;
let aheadMs = 11_000;
const now = () => Date.now() + aheadMs;

beforeEach(async () => {
  traces = await openTestStore();
  aheadMs = 11_000;
}, 30_000);

afterEach(() => traces.close());

/** The rule as it is, or as `guard` would have it, in a version; and which traces it has looked at. */
function rule(version: number, guard?: string) {
  const examined: string[] = [];
  const detector: TraceDetector = {
    ...(nPlusOne as TraceDetector),
    meta: { ...nPlusOne.meta, version },
    detect: (trace) => {
      examined.push(trace.traceId);
      const observations = nPlusOne.detect(trace, nPlusOne.meta.defaults);
      return guard === undefined
        ? observations
        : observations.map((observation) => ({ ...observation, suppressedBy: guard }));
    },
  };
  return { detector, examined };
}

/** Starts a process with these rules, and lets it run twice: the second run notes what the first one has done. */
async function start(...detectors: TraceDetector[]): Promise<void> {
  const schedule = new Schedule({
    store: traces.store,
    traceDetectors: detectors,
    windowDetectors: [],
    counters: createAnalysisCounters(detectors.map(({ meta }) => meta.id)),
    onFinding: () => undefined,
    log: (line) => expect.fail(line),
    now,
  });
  for (let run = 0; run < 2; run++) {
    await schedule.run();
    aheadMs += 60_000;
  }
}

const insert = (count: number) =>
  traces.insert(Array.from({ length: count }, () => loopTrace({ route: "/orders" })).flat());

async function listed(): Promise<Finding[]> {
  const rows = await traces.store.select<FindingRow>(findingsQuery, { findingsMax: 100 });
  return rows.map(({ body }) => JSON.parse(body));
}

test("a raised rule looks at the traces of before, once, and takes back what it does not report", async () => {
  await insert(5);
  await start(rule(1).detector);
  expect(await listed()).toMatchObject([{ detectorVersion: 1, evidence: { tracesAffected: 5 } }]);

  const second = rule(2, "pagination");
  await start(second.detector);
  expect(second.examined).toHaveLength(5);
  expect(await listed()).toEqual([]);

  const again = rule(2, "pagination");
  await start(again.detector);
  expect(again.examined).toEqual([]);
});

test("what it reports as well counts the traces of before; the others don't look at them again", async () => {
  await insert(5);
  let written = 0;
  const write: TraceDetector = {
    ...(writeLoop as TraceDetector),
    isCandidate: () => true,
    detect: () => {
      written++;
      return [];
    },
  };
  await start(write, rule(1).detector);
  expect(written).toBe(5);
  const second = rule(2);
  await start(write, second.detector);
  expect(new Set(second.examined).size).toBe(5);
  expect(written).toBe(5);
  expect(await listed()).toMatchObject([{ detectorVersion: 2, evidence: { tracesAffected: 5 } }]);
});

test("a rule that is new looks at them, too; an older version after a newer one does not", async () => {
  await insert(3);
  await start(writeLoop as TraceDetector);
  await start(rule(2).detector);
  expect(await listed()).toHaveLength(1);
  const older = rule(1);
  await start(older.detector);
  const newer = rule(2);
  await start(newer.detector);
  expect([older.examined, newer.examined]).toEqual([[], []]);
});

test("a kill before the findings are computed repeats it; a first start has nothing to repeat", async () => {
  const raise = async (version: number) => {
    const settled = new SettledTraces(traces.store, now);
    return new RaisedRules(traces.store, [rule(version).detector], settled);
  };
  expect(await (await raise(1)).next(now())).toBeNull();
  await insert(3);
  await start(rule(1).detector);
  const killed = await raise(2);
  expect((await killed.next(now()))?.page).toHaveLength(3);
  await killed.record(now());
  expect(await killed.next(now())).toBeNull();
  const next = await raise(2);
  expect((await next.next(now()))?.page).toHaveLength(3);
  expect(await next.next(now())).toBeNull();
  await next.record(now());
  expect(await (await raise(2)).next(now())).toBeNull();
  const [row] = await traces.store.select<WatermarkRow>(watermarkQuery, {
    name: "rules of settled-traces",
  });
  expect(JSON.parse(row!.value)).toEqual({ "n-plus-one": 2 });
});
