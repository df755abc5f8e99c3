import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { criticalPath } from "../../analyzers/facts/critical-path.ts";
import { LearnedOrder } from "../../analyzers/facts/learned-order.ts";
import { traceDetectors } from "../../analyzers/index.ts";
import type { TraceView } from "../../analyzers/model/trace-view.ts";
import { createAnalysisCounters } from "../../analyzers/schedule/analysis-counters.ts";
import { selectCandidates } from "../../analyzers/schedule/candidates.ts";
import { examineLimits } from "../../analyzers/schedule/examine.ts";
import { toOccurrence } from "../../analyzers/schedule/occurrence.ts";
import { coverAll, readTraces } from "../../analyzers/schedule/read-traces.ts";
import { SettledTraces } from "../../analyzers/schedule/settled.ts";
import { defaultDecodeLimits } from "../../collector/decode/decode-limits.ts";
import { decodeOtlp } from "../../collector/decode/decode-otlp.ts";
import { openEngine } from "../../storage/embedded/engine.ts";
import { defaultRetention } from "../../storage/retention.ts";
import type { Store } from "../../storage/store.ts";
import { toStore } from "../../storage/store-calls.ts";
import { buildTrace, inSequence, query, type SpanNode } from "../support/trace-builder.ts";
import { countSpans, createCorpus } from "./corpus/corpus.ts";
import { type Goal, print, printReport, round } from "./report.ts";

/**
 * What it costs to examine stored traces: the scan that selects candidates for all detectors, reading them, confirming
 * them with every detector and their critical path; once with few spans stored and once with many. And single traces
 * that are as large or as deep as they get. ClickHouse runs in this process, so its CPU is counted. `README.md` has the
 * method.
 *
 *   --quick        under a minute: 30,000 and 120,000 spans
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
  // 300,000 spans a second and core.
  confirmCpuMicrosecondsPerSpan: { max: 3.34 },
  // With many times the spans, at most this many times the CPU for each. 1 is linear.
  growthOfCpuPerSpan: { max: 1.3 },
  heapMiB: { max: 300 },
  traceOf100000SpansCpuMs: { max: 1_000 },
  traceOf10000LevelsCpuMs: { max: 1_000 },
};
const spansAtOnce = 50_000;
const figures: Record<string, number> = {};

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
  spansConfirmed: number;
  observations: number;
  candidatesMs: number;
  readMs: number;
  confirmMs: number;
  walkMs: number;
  heapMiB: number;
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
  const insert = (file: string, token: string) => engine.insertBlocks("spans", file, token);
  const spans = await fill(insert, folder, size);
  // The first walk warms up.
  const store = toStore(engine, async () => engine.close());
  await examineAll(store, spans);
  const costs = await examineAll(store, spans);
  await store.close();
  return costs;
}

async function fill(
  insert: (file: string, token: string) => Promise<void>,
  folder: string,
  size: number,
): Promise<number> {
  let stored = 0;
  for (let part = 0; stored < size; part++) {
    const nowMs = Date.now();
    const bodies = createCorpus({
      traces: Math.ceil(Math.min(spansAtOnce, size - stored) / 14.6),
      fromMs: nowMs - 600_000,
      durationMs: 500_000,
      seed: `part ${part}`,
    });
    const context = {
      receivedMs: nowMs,
      acceptFromMs: 0,
      acceptToMs: nowMs + 3_600_000,
      limits: defaultDecodeLimits,
    };
    const blocks = bodies.map(({ bytes }) =>
      decodeOtlp("traces", bytes, "protobuf", context).block.slice(),
    );
    const file = join(folder, "part");
    await writeFile(file, Buffer.concat(blocks));
    await insert(file, `part-${part}`);
    stored += countSpans(bodies);
  }
  return stored;
}

async function examineAll(store: Store, spans: number): Promise<Costs> {
  const costs: Costs = {
    spans,
    traces: 0,
    spansConfirmed: 0,
    observations: 0,
    candidatesMs: 0,
    readMs: 0,
    confirmMs: 0,
    walkMs: 0,
    heapMiB: 0,
  };
  const counters = createAnalysisCounters(traceDetectors.map(({ meta }) => meta.id));
  const log = (line: string) => {
    throw new Error(line);
  };
  const order = new LearnedOrder();
  const settled = new SettledTraces(store, () => Date.now() + 11_000);
  let at = cpuMs();
  const lap = (name: "candidatesMs" | "readMs" | "confirmMs" | "walkMs") => {
    costs[name] += cpuMs() - at;
    at = cpuMs();
  };
  for await (const page of settled.pages()) {
    lap("walkMs");
    const wanted = selectCandidates({ detectors: traceDetectors, counters, log }, page);
    lap("candidatesMs");
    costs.traces += page.length;
    for await (const traces of readTraces(
      store,
      [...wanted.keys()].sort(),
      coverAll(page.filter(({ traceId }) => wanted.has(traceId))),
      examineLimits,
    )) {
      lap("readMs");
      for (const trace of traces) confirm(trace, wanted.get(trace.traceId)!, order, costs);
      lap("confirmMs");
    }
    lap("readMs");
    costs.heapMiB = Math.max(costs.heapMiB, process.memoryUsage().heapUsed / 2 ** 20);
  }
  lap("walkMs");
  return costs;
}

function confirm(
  trace: TraceView,
  detectors: typeof traceDetectors,
  order: LearnedOrder,
  costs: Pick<Costs, "spansConfirmed" | "observations">,
): void {
  order.learn(trace);
  for (const { meta, detect } of detectors) {
    for (const observation of detect(trace, meta.defaults, order)) {
      toOccurrence("f", meta, trace, [observation], 0);
      costs.observations++;
    }
  }
  criticalPath(trace);
  costs.spansConfirmed += trace.size;
}

function report(costs: Costs, isLast: boolean): void {
  const perMillion = (ms: number) => round((ms / costs.spans) * 1e6, 1);
  print(
    `${costs.spans} spans in ${costs.traces} traces; ${costs.spansConfirmed} spans of candidates read, ${costs.observations} observations`,
  );
  print(
    `  CPU ms per million spans: walk ${perMillion(costs.walkMs)}, candidates ${perMillion(costs.candidatesMs)}, read ${perMillion(costs.readMs)}, confirm ${perMillion(costs.confirmMs)}; heap ${round(costs.heapMiB, 1)} MiB`,
  );
  const perSpan =
    (costs.walkMs + costs.candidatesMs + costs.readMs + costs.confirmMs) / costs.spans;
  if (!isLast) {
    figures.firstCpuMsPerMillionSpans = round(perSpan * 1e6, 1);
    return;
  }
  figures.spans = costs.spans;
  figures.candidatesCpuMsPerMillionSpans = perMillion(costs.candidatesMs);
  figures.readCpuMsPerMillionSpans = perMillion(costs.readMs);
  figures.confirmCpuMicrosecondsPerSpan = round((costs.confirmMs * 1000) / costs.spansConfirmed, 2);
  figures.lastCpuMsPerMillionSpans = round(perSpan * 1e6, 1);
  figures.growthOfCpuPerSpan = round((perSpan * 1e6) / figures.firstCpuMsPerMillionSpans!, 2);
  figures.heapMiB = round(costs.heapMiB, 1);
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
  confirm(trace, traceDetectors, new LearnedOrder(), { spansConfirmed: 0, observations: 0 });
  return round(cpuMs() - before);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
