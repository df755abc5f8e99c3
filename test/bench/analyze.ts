import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { criticalPath } from "../../analyzers/facts/critical-path.ts";
import { LearnedOrder } from "../../analyzers/facts/learned-order.ts";
import { traceDetectors } from "../../analyzers/index.ts";
import type { TraceView } from "../../analyzers/model/trace-view.ts";
import { createAnalysisCounters } from "../../analyzers/schedule/analysis-counters.ts";
import { selectCandidates } from "../../analyzers/schedule/candidates.ts";
import { detectFingerprints, examineLimits } from "../../analyzers/schedule/examine.ts";
import { toOccurrence } from "../../analyzers/schedule/occurrence.ts";
import { readTraces } from "../../analyzers/schedule/read-traces.ts";
import { SettledTraces } from "../../analyzers/schedule/settled.ts";
import { type Engine, openEngine } from "../../storage/embedded/engine.ts";
import { readMigrations } from "../../storage/migrate.ts";
import { defaultRetention } from "../../storage/retention.ts";
import type { Store } from "../../storage/store.ts";
import { toStore } from "../../storage/store-calls.ts";
import { buildTrace, inSequence, query, type SpanNode } from "../support/trace-builder.ts";
import { fillCopies } from "./analyze/fill-copies.ts";
import { cpuMs, measurePath, type PathCosts } from "./analyze/measure-path.ts";
import { createProgress } from "./analyze/progress.ts";
import { type Goal, print, printReport, round, summarize } from "./report.ts";

/**
 * What it costs to examine stored traces: the signs that are taken when spans arrive and pick the candidates, reading these,
 * confirming them with every detector and their critical path; then the whole path as the product runs it, by step. Once with
 * few spans stored and once with many. And single traces that are as large or as deep as they get. ClickHouse runs in this
 * process, so its CPU is counted. `README.md` has the method.
 *
 *   --quick        about a minute: 30,000 and 120,000 spans
 *   --spans=N,M    stored spans of the two (100,000 and 1,000,000)
 */
const { values } = parseArgs({
  options: { quick: { type: "boolean", default: false }, spans: { type: "string" } },
});
const sizes = (values.spans ?? (values.quick ? "30000,120000" : "100000,1000000"))
  .split(",")
  .map(Number);

const goals: Record<string, Goal> = {
  candidatesCpuMsPerMillionSpans: { max: 250 },
  // 300,000 spans a second and core, with the critical path.
  confirmCpuMicrosecondsPerSpan: { max: 3.33 },
  // With many times the spans, at most this many times the CPU for each. 1 is linear.
  growthOfCpuPerSpan: { max: 1.3 },
  memoryMiB: { max: 300 },
  traceOf100000SpansCpuMs: { max: 1_000 },
  traceOf10000LevelsCpuMs: { max: 1_000 },
};
const figures: Record<string, number> = {};
setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

for (const [i, size] of sizes.entries()) {
  const folder = await mkdtemp(join(tmpdir(), "culprit-bench-"));
  try {
    const costs = await measure(folder, size);
    report(costs, i === sizes.length - 1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
measureSingleTraces();
printReport({ bench: "analyze", figures, goals });

interface Costs {
  spans: number;
  traces: number;
  spansRead: number;
  observations: number;
  signsMs: number;
  settledMs: number;
  candidatesMs: number;
  readMs: number;
  confirmMs: number;
  memoryMiB: number;
  path: PathCosts;
}

async function measure(folder: string, size: number): Promise<Costs> {
  const engine = await openEngine({
    folder: join(folder, "data"),
    retention: defaultRetention,
    memoryBytesMax: 3_000_000_000,
    queryDurationMsMax: 120_000,
    queryRowsMax: 5_000_000,
    migrates: true,
  });
  const spans = await fillCopies(engine, folder, size);
  await engine.administer("SYSTEM STOP MERGES");
  const signsMs = (await cpuOfSigns(engine)) * spans;
  const store = toStore(engine, async () => engine.close());
  // The first path, which also compiles what is measured then.
  const path = await measurePath(store);
  const costs = await examineAll(store);
  await store.close();
  return { spans, signsMs, path, ...costs };
}

/** What the view that takes the signs costs a span more than one that does not, on spans in memory. */
async function cpuOfSigns(engine: Engine): Promise<number> {
  const views = readMigrations().filter(({ name }) => name.includes("trace-arrivals-view"));
  const [before, now] = [views[0]!, views.at(-1)!].map(({ sql }) => {
    const select = sql
      .slice(sql.search(/^(WITH|SELECT)/m))
      .replace(/FROM spans$/m, "FROM memory AS spans");
    return `${select} FORMAT Null SETTINGS max_threads = 1`;
  });
  await engine.administer("CREATE TABLE memory AS spans ENGINE = Memory");
  await engine.administer("INSERT INTO memory SELECT * FROM base");
  const rows = Number(await engine.administer("SELECT count() FROM memory FORMAT TSV"));
  const more: number[] = [];
  for (let i = 0; i < 9; i++) {
    const at = cpuMs();
    await engine.administer(before!);
    const between = cpuMs();
    await engine.administer(now!);
    more.push(cpuMs() - between - (between - at));
  }
  await engine.administer("DROP TABLE memory");
  await engine.administer("DROP TABLE base");
  return summarize(more).median / rows;
}

type Examined = Omit<Costs, "spans" | "signsMs" | "path">;

async function examineAll(store: Store): Promise<Examined> {
  const costs = {
    traces: 0,
    spansRead: 0,
    observations: 0,
    settledMs: 0,
    candidatesMs: 0,
    readMs: 0,
    confirmMs: 0,
    memoryMiB: 0,
  };
  const counters = createAnalysisCounters(traceDetectors.map(({ meta }) => meta.id));
  const log = (line: string) => {
    throw new Error(line);
  };
  const order = new LearnedOrder();
  // The path has recorded how far it came: a walk of its own begins anew.
  const walk = "step by step";
  const settled = new SettledTraces(store, () => Date.now() + 45_000, { walk });
  let at = cpuMs();
  const lap = (name: "settledMs" | "candidatesMs" | "readMs" | "confirmMs") => {
    costs[name] += cpuMs() - at;
    at = cpuMs();
  };
  let parts = 0;
  const tell = createProgress("traces looked at, step by step");
  for await (const page of settled.pages()) {
    lap("settledMs");
    const wanted = selectCandidates({ detectors: traceDetectors, counters, log }, page);
    lap("candidatesMs");
    costs.traces += page.length;
    tell(costs.traces);
    const candidates = page.filter(({ traceId }) => wanted.has(traceId));
    for await (const traces of readTraces(store, candidates, examineLimits)) {
      lap("readMs");
      for (const trace of traces) order.learn(trace);
      for (const trace of traces) {
        costs.observations += confirm(trace, wanted.get(trace.traceId)!, order);
        costs.spansRead += trace.size;
      }
      lap("confirmMs");
      if (parts++ % 10 === 0) costs.memoryMiB = Math.max(costs.memoryMiB, memoryMiB());
      at = cpuMs();
    }
    lap("readMs");
  }
  lap("settledMs");
  return costs;
}

/** What is in use, by JavaScript alone. */
function memoryMiB(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

/** As the product does it: observations of one fingerprint are one occurrence. Returns how many. */
function confirm(trace: TraceView, detectors: typeof traceDetectors, order: LearnedOrder): number {
  let occurrences = 0;
  for (const detector of detectors) {
    for (const [fingerprint, observations] of detectFingerprints(detector, trace, order)) {
      toOccurrence(fingerprint, detector.meta, trace, observations, 0);
      occurrences++;
    }
  }
  criticalPath(trace);
  return occurrences;
}

function report(costs: Costs, isLast: boolean): void {
  const perMillion = (ms: number) => round((ms / costs.spans) * 1e6, 1);
  const { path } = costs;
  const candidatesMs = costs.signsMs + costs.candidatesMs;
  print(
    `${costs.spans} spans in ${costs.traces} traces; ${costs.spansRead} spans of candidates read, ${costs.observations} occurrences`,
  );
  print(
    `  CPU ms per million spans: signs at insert ${perMillion(costs.signsMs)}, settled ${perMillion(costs.settledMs)}, candidates ${perMillion(costs.candidatesMs)}, read ${perMillion(costs.readMs)}, confirm ${perMillion(costs.confirmMs)}; memory ${round(costs.memoryMiB, 1)} MiB`,
  );
  print(
    `  the whole path: ${perMillion(path.cpuMs)} CPU ms per million spans, ${path.traces} traces, ${path.findings} findings`,
  );
  for (const [name, { calls, ms }] of [...path.stepsMs].sort(([, a], [, b]) => b.ms - a.ms)) {
    print(
      `    ${name.padEnd(24)} ${String(calls).padStart(6)} ${perMillion(ms).toString().padStart(10)}`,
    );
  }
  const perSpan = (candidatesMs + costs.settledMs + costs.readMs + costs.confirmMs) / costs.spans;
  if (!isLast) {
    figures.firstCpuMsPerMillionSpans = round(perSpan * 1e6, 1);
    return;
  }
  figures.spans = costs.spans;
  figures.candidatesCpuMsPerMillionSpans = perMillion(candidatesMs);
  figures.settledCpuMsPerMillionSpans = perMillion(costs.settledMs);
  figures.readCpuMsPerMillionSpans = perMillion(costs.readMs);
  const perSpanRead = (ms: number) => round((ms * 1000) / costs.spansRead, 2);
  figures.confirmCpuMicrosecondsPerSpan = perSpanRead(costs.confirmMs);
  figures.readAndConfirmCpuMicrosecondsPerSpan = perSpanRead(costs.readMs + costs.confirmMs);
  figures.pathCpuMsPerMillionSpans = perMillion(path.cpuMs);
  figures.lastCpuMsPerMillionSpans = round(perSpan * 1e6, 1);
  figures.growthOfCpuPerSpan = round((perSpan * 1e6) / figures.firstCpuMsPerMillionSpans!, 2);
  figures.memoryMiB = round(costs.memoryMiB, 1);
}

function measureSingleTraces(): void {
  let deep: SpanNode = [query, 0, 500];
  for (let i = 0; i < 10_000; i++) deep = [i % 2 === 0 ? query : "step", 0, 500, deep];
  const wide = inSequence(query, 100_000, 1);
  figures.traceOf10000LevelsCpuMs = cpuOf(buildTrace(["GET /deep", 0, 500, deep]));
  figures.traceOf100000SpansCpuMs = cpuOf(buildTrace(["GET /wide", 0, 100_000, ...wide]));
}

function cpuOf(trace: TraceView): number {
  const before = cpuMs();
  const order = new LearnedOrder();
  order.learn(trace);
  confirm(trace, traceDetectors, order);
  return round(cpuMs() - before);
}
