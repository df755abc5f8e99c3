import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type FindingRow, findingsQuery } from "../../storage/queries/findings.ts";
import {
  type OccurrenceTotalsRow,
  occurrenceTotalsQuery,
} from "../../storage/queries/occurrence-totals.ts";
import { StorageError, type Store } from "../../storage/store.ts";
import type { OtlpSpan } from "../../test/support/otlp-body.ts";
import { loopTrace, openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import type { TraceDetector, WindowDetector } from "../detector.ts";
import { traceDetectors, windowDetectors } from "../index.ts";
import type { Finding } from "../model/finding.ts";
import { createAnalysisCounters } from "./analysis-counters.ts";
import { readEndpointPath } from "./read-endpoint-path.ts";
import { readWaterfall } from "./read-waterfall.ts";
import { Schedule, type ScheduleOptions } from "./schedule.ts";

let traces: TestStore;
let told: Finding[] = [];
let log: string[] = [];
/** Ahead of the clock, so that what was just inserted has settled. */
let aheadMs = 11_000;
const endpoint = { service: "shop", environment: "", method: "GET" };

beforeAll(async () => {
  traces = await openTestStore();
});

beforeEach(() => {
  told = [];
  log = [];
  aheadMs = 11_000;
});

afterAll(() => traces.close());

function createOptions(different: Partial<ScheduleOptions> = {}) {
  return {
    store: traces.store,
    traceDetectors,
    windowDetectors: [],
    counters: createAnalysisCounters(
      [...traceDetectors, ...windowDetectors].map(({ meta }) => meta.id),
    ),
    onFinding: (finding) => told.push(finding),
    log: (line) => log.push(line),
    now: () => Date.now() + aheadMs,
    ...different,
  } satisfies ScheduleOptions;
}

/** What was told of a route since the test began, oldest first. */
const toldOf = (route: string) => told.filter((finding) => finding.endpoint.route === route);

/** `count` requests in the last `overS` seconds, each with the loop, or one in `every`. */
function requests(
  route: string,
  count: number,
  { overS = 600, every = 1, kind = 2, queries = 20 } = {},
): OtlpSpan[] {
  const fromMs = Date.now() - overS * 1000 - 5_000;
  return Array.from({ length: count }, (_, i) =>
    loopTrace({
      route,
      kind,
      queries: i % every === 0 ? queries : 0,
      startMs: fromMs + (i * overS * 1000) / count,
    }),
  ).flat();
}

test("an N+1 becomes a finding: where, how often, what it costs, what the fix saves", async () => {
  await traces.insert(requests("/orders", 40), { version: "1.9.0" });
  const options = createOptions();
  await new Schedule(options).run();
  const [finding, ...others] = toldOf("/orders");
  expect(others).toEqual([]);
  expect(finding).toMatchObject({
    detector: "n-plus-one",
    summary: "GET /orders runs the same query 20 times: SELECT products",
    confidence: "high",
    status: "new",
    service: "shop",
    endpoint: { method: "GET", route: "/orders" },
    callSite: { file: "src/orders.ts", line: 88, function: "listOrders" },
    shape: { system: "postgresql", summary: "SELECT products" },
    serviceVersions: ["1.9.0"],
    evidence: { tracesAffected: 40, tracesOfEndpoint: 40, repeatsMedian: 20, repeatsMax: 20 },
  });
  const { evidence, impact, prediction, fix } = finding!;
  expect(evidence.sampleTraces.map(({ role }) => role)).toEqual(["slow", "typical", "fast"]);
  expect(evidence.sampleTraces[0]!.spanIds).toHaveLength(20);
  expect(impact.criticalPathShare).toBeCloseTo(80 / 90, 2);
  // 80 ms of each request, 4 requests a minute.
  expect(impact.secondsPerDay).toBeCloseTo(0.08 * 4 * 1440, -1);
  expect(prediction!.p50.beforeNs).toBeCloseTo(90e6, -6);
  expect(prediction!.p50.afterNs).toBeLessThan(40e6);
  expect(prediction!.traces).toBe(40);
  expect(fix.length).toBeGreaterThan(0);
  expect(options.counters).toMatchObject({ runs: 1, tracesExamined: 40, runErrors: 0 });
});

test("the share is one of all the endpoint's traces, and few of them have the fault", async () => {
  await traces.insert(requests("/rare", 40, { every: 10 }));
  await new Schedule(createOptions()).run();
  const [finding] = toldOf("/rare");
  expect(finding!.evidence.tracesAffected).toBe(4);
  // From the first minute with the fault to the last: 31 requests, and those of the rest of the last minute.
  expect(finding!.evidence.tracesOfEndpoint).toBeGreaterThanOrEqual(31);
  expect(finding!.evidence.tracesOfEndpoint).toBeLessThanOrEqual(36);
  // 4 · 80 ms of 4 · 90 ms + 27 · 10 ms
  expect(finding!.impact.criticalPathShare).toBeGreaterThan(0.45);
  expect(finding!.impact.criticalPathShare).toBeLessThan(0.55);
});

test("without a route of a server there is a finding, and it says why nothing is predicted", async () => {
  await traces.insert(requests("orders", 4, { kind: 5 }));
  await new Schedule(createOptions()).run();
  const [finding] = toldOf("orders process");
  expect(finding).toMatchObject({ prediction: null, endpoint: { method: "" } });
  expect(finding!.predictionMissing).toContain("http.route");
  expect(finding!.impact.criticalPathShare).toBeCloseTo(80 / 90, 2);
});

test("a fault seen once is taken to come once a day", async () => {
  await traces.insert(requests("/once", 1));
  await new Schedule(createOptions()).run();
  expect(toldOf("/once")[0]!.impact.secondsPerDay).toBeCloseTo(0.08, 3);
});

test("running again, from the start too, doubles nothing and tells nothing new", async () => {
  await traces.insert(requests("/twice", 5));
  const schedule = new Schedule(createOptions());
  await schedule.run();
  const [before] = toldOf("/twice");
  await schedule.run();
  expect(toldOf("/twice")).toHaveLength(1);
  const parameters = { fingerprints: [before!.id], sinceMs: 0, findingsMax: 1 };
  const count = async () =>
    (await traces.store.select<OccurrenceTotalsRow>(occurrenceTotalsQuery, parameters))[0]!
      .tracesAffected;
  expect(await count()).toBe("5");
  await new Schedule(createOptions()).run();
  expect(await count()).toBe("5");
  const rows = await traces.store.select<FindingRow>(findingsQuery, { findingsMax: 100 });
  expect(rows.filter(({ fingerprint }) => fingerprint === before!.id)).toHaveLength(1);
});

test("a store that goes away loses nothing: the next run goes on", async () => {
  for (const table of ["occurrences", "findings", "watermarks"]) {
    // Progress is recorded every 10 s.
    if (table === "watermarks") aheadMs += 12_000;
    const away: Store = {
      ...traces.store,
      insertRows: (into, rows) =>
        into === table
          ? Promise.reject(new StorageError("STORE_UNAVAILABLE", "starting"))
          : traces.store.insertRows(into, rows),
    };
    let store = away;
    const options = createOptions();
    const schedule = new Schedule({
      ...options,
      store: {
        ...traces.store,
        insertRows: (into, rows) => store.insertRows(into, rows),
      },
    });
    await traces.insert(requests(`/away-${table}`, 3));
    await expect(schedule.run()).rejects.toThrow("starting");
    store = traces.store;
    await schedule.run();
    expect(toldOf(`/away-${table}`).at(-1)!.evidence.tracesAffected).toBe(3);
    expect(options.counters.detectorErrors["n-plus-one"]).toBe(0);
  }
});

test("one finding that can't be computed does not hold up the others", async () => {
  await traces.insert([...requests("/bad", 3), ...requests("/good", 3)]);
  const options = createOptions();
  const select: Store["select"] = (query, parameters) =>
    query.name === "endpoint-totals" && (parameters.routes as readonly string[]).includes("/bad")
      ? Promise.reject(new StorageError("QUERY_FAILED", "odd"))
      : traces.store.select(query, parameters);
  await new Schedule({ ...options, store: { ...traces.store, select } }).run();
  expect(toldOf("/good")).toHaveLength(1);
  expect(toldOf("/bad")).toEqual([]);
  expect(options.counters.detectorErrors["n-plus-one"]).toBe(1);
  expect(log.join()).toContain("odd");
});

test("a slow endpoint is found in its window, and ranked after what causes it", async () => {
  await traces.insert(requests("/slow", 60, { queries: 200 }));
  const schedule = new Schedule(createOptions({ windowDetectors }));
  await schedule.run();
  const [cause, symptom, ...others] = toldOf("/slow");
  expect(others).toEqual([]);
  expect([cause!.detector, symptom!.detector]).toEqual(["n-plus-one", "slow-endpoint"]);
  expect(symptom).toMatchObject({
    evidence: { tracesAffected: 60, tracesOfEndpoint: 60 },
    prediction: null,
    callSite: null,
    serviceVersions: ["1.0.0"],
  });
  expect(symptom!.evidence.sampleTraces.map(({ role }) => role)).toEqual([
    "slow",
    "typical",
    "fast",
  ]);
  expect(symptom!.lastSeenAt).toBeLessThanOrEqual(Date.now() + aheadMs);
  const rows = await traces.store.select<FindingRow>(findingsQuery, { findingsMax: 100 });
  const ranked = rows.map(({ fingerprint }) => fingerprint);
  expect(ranked.indexOf(cause!.id)).toBeLessThan(ranked.indexOf(symptom!.id));
  aheadMs += 20_000;
  await schedule.run();
  expect(toldOf("/slow")).toHaveLength(2);
});

test("a window detector that fails is counted; the others are heard", async () => {
  const failing: WindowDetector = { ...windowDetectors[0]!, query: "SELECT nothing_such" };
  const odd: WindowDetector = {
    ...windowDetectors[0]!,
    toObservation: () => {
      throw new Error("odd row");
    },
  };
  const options = createOptions({ windowDetectors: [failing, odd, windowDetectors[0]!] });
  await new Schedule(options).run();
  expect(toldOf("/slow").at(-1)!.detector).toBe("slow-endpoint");
  expect(options.counters.detectorErrors["slow-endpoint"]).toBe(2);
});

test("a detector whose fault is in no sampled trace says so", async () => {
  await traces.insert(requests("/drifting", 4));
  let detections = 0;
  const drifting: TraceDetector = {
    ...traceDetectors[0]!,
    detect: (trace, options) =>
      trace.httpRoute[0] === "/drifting" && detections++ < 4
        ? traceDetectors[0]!.detect(trace, options)
        : [],
  };
  await new Schedule(createOptions({ traceDetectors: [drifting] })).run();
  const [finding] = toldOf("/drifting");
  expect(finding!.predictionMissing).toContain("none of the 4 sampled traces");
});

test("a trace is laid out for a page, and an endpoint's critical path added up", async () => {
  const spans = loopTrace({ route: "/page" });
  await traces.insert(spans);
  const fromS = Math.floor(spans[0]!.startMs / 1000);
  const range = { fromS, toS: fromS + 60 };
  const view = await readWaterfall(traces.store, spans[0]!.traceId, range);
  expect(view).toMatchObject({ traceId: spans[0]!.traceId, durationNs: 90e6, truncated: false });
  expect(view!.spanId).toEqual(spans.map(({ spanId }) => spanId));
  expect(view!.parent).toEqual([-1, ...Array(20).fill(0)]);
  expect(view!.depth).toEqual([0, ...Array(20).fill(1)]);
  const sections = view!.criticalPath.reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0);
  expect(sections).toBe(90e6);
  expect(await readWaterfall(traces.store, "ff".repeat(16), range)).toBeNull();

  const path = await readEndpointPath(traces.store, { ...endpoint, route: "/page" }, range);
  expect(path).toMatchObject({ traces: 1, meanDurationNs: 90e6 });
  expect(path.rows[0]).toMatchObject({ path: ["GET /page", "SELECT products"], presence: 1 });
  const nothing = await readEndpointPath(traces.store, { ...endpoint, route: "/none" }, range);
  expect(nothing).toMatchObject({ traces: 0, meanDurationNs: 0, rows: [], coverage: { spans: 0 } });
});

// The last two turn the clock far ahead.

test("a kill while a finding waits for its turn does not make it miss traces", async () => {
  // It is old, so its turn comes every five minutes.
  await traces.insert(requests("/killed", 3, { overS: 7_000 }));
  const killed = new Schedule(createOptions());
  await killed.run();
  await traces.insert(requests("/killed", 3));
  for (aheadMs of [22_000, 100_000]) await killed.run();
  expect(toldOf("/killed")).toHaveLength(1);
  aheadMs += 10_000;
  await new Schedule(createOptions()).run();
  expect(toldOf("/killed").at(-1)!.evidence.tracesAffected).toBe(6);
  expect(toldOf("/killed")).toHaveLength(2);
});

test("new traces change a finding at most every 30 s; its first version stays first", async () => {
  const schedule = new Schedule(createOptions());
  await traces.insert(requests("/young", 3), { version: "1.10.0" });
  await schedule.run();
  await traces.insert(requests("/young", 3, { overS: 60 }), { version: "1.9.0" });
  aheadMs = 22_000;
  await schedule.run();
  expect(toldOf("/young")).toHaveLength(1);
  aheadMs = 45_000;
  await schedule.run();
  expect(toldOf("/young")[1]).toMatchObject({
    evidence: { tracesAffected: 6 },
    serviceVersions: ["1.10.0", "1.9.0"],
  });
});
