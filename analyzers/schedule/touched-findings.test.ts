import { afterEach, beforeEach, expect, test } from "vitest";
import { StorageError, type Store } from "../../storage/store.ts";
import { loopTrace, openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import { traceDetectors } from "../index.ts";
import type { Finding } from "../model/finding.ts";
import { createAnalysisCounters } from "./analysis-counters.ts";
import { Schedule } from "./schedule.ts";

/** Two analyzers on one store: each examines its own traces, and the first tells what both see. */
let traces: TestStore;
let aheadMs = 11_000;
const told: { worker: number; finding: Finding }[] = [];
const counters = [0, 1].map(() =>
  createAnalysisCounters(traceDetectors.map(({ meta }) => meta.id)),
);

function start(worker: number, store: Store = traces.store): Schedule {
  return new Schedule({
    store,
    traceDetectors,
    windowDetectors: [],
    counters: counters[worker]!,
    onFinding: (finding) => told.push({ worker, finding }),
    log: (line) => expect.fail(line),
    now: () => Date.now() + aheadMs,
    share: { worker, workers: 2 },
  });
}

let schedules: Schedule[] = [];

beforeEach(async () => {
  // Each has its own: they turn the clock far ahead.
  traces = await openTestStore();
  aheadMs = 11_000;
  told.length = 0;
  schedules = [0, 1].map((worker) => start(worker));
});

afterEach(() => traces.close());

const insert = async (route: string, count: number) => {
  for (let i = 0; i < count; i++) await traces.insert(loopTrace({ route }));
};
const toldOf = (route: string) =>
  told.filter(({ finding }) => finding.endpoint.route === route).map(({ finding }) => finding);

async function runBoth(): Promise<void> {
  // The second one first: what it sees is then known to the first.
  for (const schedule of schedules.toReversed()) await schedule.run();
}

test("each trace is examined by one of them, and one finding is made of all and told by the first", async () => {
  await insert("/shared", 12);
  const before = counters.map(({ tracesExamined }) => tracesExamined);
  await runBoth();
  const examined = counters.map(({ tracesExamined }, i) => tracesExamined - before[i]!);
  expect(examined[0]! + examined[1]!).toBe(12);
  expect(Math.min(...examined)).toBeGreaterThan(0);
  // What the second one saw may be told before the first one's own page: its numbers are due again 30 s later.
  aheadMs += 45_000;
  await runBoth();
  expect(new Set(told.map(({ worker }) => worker))).toEqual(new Set([0]));
  expect(new Set(toldOf("/shared").map(({ id }) => id)).size).toBe(1);
  expect(toldOf("/shared").at(-1)).toMatchObject({ evidence: { tracesAffected: 12 } });
  const times = told.length;
  aheadMs += 45_000;
  await runBoth();
  expect(told).toHaveLength(times);
});

test("what only the second one saw is told, too, also by a first one that was away meanwhile", async () => {
  await runBoth();
  const routes = Array.from({ length: 12 }, (_, i) => `/only-${i}`);
  for (const route of routes) await insert(route, 1);
  aheadMs += 11_000;
  told.length = 0;
  await schedules[1]!.run();
  expect(told).toEqual([]);
  const before = counters[0]!.tracesExamined;
  await start(0).run();
  expect(counters[0]!.tracesExamined - before).toBeLessThan(12);
  expect(told.map(({ finding }) => finding.endpoint.route)).toEqual(expect.arrayContaining(routes));
});

test("a first one that is killed before it has told what was touched tells it when it starts again", async () => {
  await runBoth();
  await insert("/killed", 12);
  aheadMs += 11_000;
  await schedules[1]!.run();
  // It records its progress, as far as it told what there is, and is killed while the numbers of the finding are computed.
  const away: Store = {
    ...traces.store,
    insertRows: (table, rows) =>
      table === "findings"
        ? Promise.reject(new StorageError("STORE_UNAVAILABLE", "killed"))
        : traces.store.insertRows(table, rows),
  };
  await expect(start(0, away).run()).rejects.toThrow("killed");
  expect(toldOf("/killed")).toEqual([]);
  const again = start(0);
  for (const laterMs of [0, 45_000]) {
    aheadMs += laterMs;
    await again.run();
  }
  expect(toldOf("/killed").at(-1)).toMatchObject({ evidence: { tracesAffected: 12 } });
});
