import type { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, test } from "vitest";
import { StorageError } from "../../storage/store.ts";
import type { StoreCalls } from "../../storage/store-calls.ts";
import { loopTrace, openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import { until } from "../../test/support/until.ts";
import { traceDetectors, windowDetectors } from "../index.ts";
import type { Finding } from "../model/finding.ts";
import { startAnalyzer } from "./analyzer.ts";

let traces: TestStore;

beforeAll(async () => {
  traces = await openTestStore();
});

afterAll(() => traces.close());

/** The store of an hour later: what was just inserted has settled. */
function toFuture(calls: StoreCalls): StoreCalls {
  return {
    ...calls,
    select: (shape, query, parameters) =>
      calls.select(shape, query, {
        ...parameters,
        ...(query.name === "settled-traces" && {
          untilMs: Number(parameters.untilMs) + 11_000,
        }),
      }),
  };
}

test("a thread of its own finds what is wrong in stored traces, and ends when it is closed", async () => {
  await traces.insert([...loopTrace(), ...loopTrace(), ...loopTrace()]);
  const findings: Finding[] = [];
  const analyzer = startAnalyzer({
    calls: toFuture(traces.store.calls),
    onFinding: (finding) => findings.push(finding),
    log: (line) => expect.fail(line),
  });
  await until(() => findings.length > 0 && analyzer.counters().runs > 0);
  expect(findings[0]).toMatchObject({ detector: "n-plus-one", evidence: { tracesAffected: 3 } });
  expect(analyzer.detectors.map(({ id }) => id)).toEqual(
    [...traceDetectors, ...windowDetectors].map(({ meta }) => meta.id),
  );
  await analyzer.close();
  expect(analyzer.restarts()).toBe(0);
});

test("a store that is away is said once and counted; the thread tries again", async () => {
  const log: string[] = [];
  let isAway = true;
  const analyzer = startAnalyzer({
    calls: {
      ...traces.store.calls,
      select: (...call) =>
        isAway
          ? Promise.reject(new StorageError("STORE_UNAVAILABLE", "starting"))
          : traces.store.calls.select(...call),
    },
    onFinding: () => undefined,
    log: (line) => log.push(line),
  });
  await until(() => analyzer.counters().runErrors > 0);
  isAway = false;
  await until(() => log.includes("analysis goes on"));
  expect(log.filter((line) => line.includes("starting"))).toHaveLength(1);
  await analyzer.close();
});

test("nothing is asked before the store is ready, nor is that an error", async () => {
  const ready = Promise.withResolvers<void>();
  const started: Worker[] = [];
  const remember = (worker: Worker) => started.push(worker);
  process.on("worker", remember);
  const analyzer = startAnalyzer({
    calls: traces.store.calls,
    onFinding: () => undefined,
    log: (line) => expect.fail(line),
    ready: ready.promise,
  });
  // A worker would be there a turn later.
  await new Promise((resolve) => setImmediate(resolve));
  expect(started).toEqual([]);
  ready.resolve();
  await until(() => analyzer.counters().runs > 0);
  process.off("worker", remember);
  expect(analyzer.counters().runErrors).toBe(0);
  await analyzer.close();
});

test("a thread that ends by itself is started again, and its findings come", async () => {
  const started: Worker[] = [];
  const remember = (worker: Worker) => started.push(worker);
  process.on("worker", remember);
  await traces.insert(loopTrace({ route: "/after-a-crash" }));
  const routes: string[] = [];
  const analyzer = startAnalyzer({
    calls: toFuture(traces.store.calls),
    onFinding: ({ endpoint }) => routes.push(endpoint.route),
    log: (line) => expect.fail(line),
  });
  await until(() => started.length === 1);
  await started[0]!.terminate();
  await until(() => routes.includes("/after-a-crash"));
  expect(analyzer.restarts()).toBe(1);
  expect(started).toHaveLength(2);
  await analyzer.close();
  process.off("worker", remember);
});
