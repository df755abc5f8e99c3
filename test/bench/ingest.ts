import { setTimeout as delay } from "node:timers/promises";
import { type BenchServer, startCulprit, startNaive } from "./bench-server.ts";
import { countSpans, createCorpus, type GzippedBody, restamp } from "./corpus/corpus.ts";
import type { EncodedBody } from "./corpus/encode-body.ts";
import { type Goal, print, printReport, round, summarize } from "./report.ts";
import { percentile, sendLoad } from "./send-load.ts";
import { measureStored } from "./stored-bytes.ts";

/**
 * What a span costs from HTTP to queryable: CPU of all processes, bytes, memory, time to the answer, slices of the main
 * thread. Against the baseline of `naive/`, in turns, with the same requests. `test/bench/README.md` has the method.
 *
 *   --quick   under a minute: fewer spans, without the analyzers' share
 *   --soak    ten minutes of sustained load, to see whether memory stays flat
 */
const isQuick = process.argv.includes("--quick");
const isSoak = process.argv.includes("--soak");
/** Merges come in some rounds and not in others, so all count: see `compare`. */
const rounds = isQuick ? 2 : 6;
const tracesOfRound = isQuick ? 4_000 : 18_000;
const sustainedS = isSoak ? 600 : isQuick ? 5 : 60;
const halfLoadS = isQuick ? 4 : 20;
/** One for each process of the shop. */
const connections = 36;
/** About 290 spans a second: rollups by minute are not flattered by a minute that holds everything. */
const roundMs = (tracesOfRound / 20) * 1000;

const goals: Record<string, Goal> = {
  cpuSecondsPerMillionSpans: { max: 20, stretch: 16 },
  cpuShareOfNaive: { max: 1 / 3 },
  bytesPerSpan: { max: 72, stretch: 66 },
  bytesShareOfNaive: { max: 0.85 },
  memoryMb: { max: 1_200, stretch: 800 },
  memoryGrowthShare: { max: 0.1 },
  answerP50Ms: { max: 50 },
  answerP99Ms: { max: 250 },
  refusedRequests: { max: 0 },
  mainThreadSliceMaxMs: { max: 10 },
};
const figures: Record<string, number> = {};
const notMeasured = isSoak ? [] : ["memoryGrowthShare"];

await main();

async function main(): Promise<void> {
  const base = createCorpus({
    traces: tracesOfRound,
    fromMs: Date.now() - (rounds + 2) * roundMs,
    durationMs: roundMs,
  });
  const bytes = base.reduce((sum, body) => sum + body.bytes.length, 0);
  print(`${countSpans(base)} spans a round, ${round(bytes / countSpans(base), 0)} bytes a span`);
  await compare(base);
  await measureProduct(base);
  await measureSlices(base);
  printReport({ bench: "ingest", figures, goals, notMeasured });
}

/**
 * Only what the two have in common: the baseline looks for no findings, so ours does not either.
 *
 * What a span costs is the mean of all rounds after the first. ClickHouse merges when enough parts have gathered, so a round
 * costs the merges of several, or none; a median would leave them out. What is still unmerged in the end is told apart: the CPU
 * of merging all of it to one part.
 */
async function compare(base: readonly EncodedBody[]): Promise<void> {
  const servers = {
    culprit: await startCulprit(["--without-analysis"]),
    naive: await startNaive(),
  };
  const costs = { culprit: [] as number[], naive: [] as number[] };
  for (let i = 0; i <= rounds; i++) {
    const bodies = toRound(base, i);
    for (const name of ["culprit", "naive"] as const) {
      const cost = await measureCost(servers[name], bodies);
      // The first round warms up: code is compiled, caches are filled.
      if (i > 0) costs[name].push(cost);
      print(`round ${i}, ${name}: ${round(cost)} CPU s per million spans`);
    }
  }
  const ours = summarize(costs.culprit);
  const theirs = summarize(costs.naive);
  figures["cpuSecondsPerMillionSpans"] = round(ours.mean);
  figures["naiveCpuSecondsPerMillionSpans"] = round(theirs.mean);
  figures["cpuShareOfNaive"] = round(ours.mean / theirs.mean, 3);
  figures["cpuSpreadOfRounds"] = round(ours.spread);
  figures["naiveCpuSpreadOfRounds"] = round(theirs.spread);

  const spans = (rounds + 1) * countSpans(base);
  const stored = await measureStored(servers.culprit, "default", "spans");
  const storedNaive = await measureStored(servers.naive, "naive", "otel_traces");
  if (stored.rows !== spans || storedNaive.rows !== spans) {
    throw new Error(`of ${spans} spans ${stored.rows} and ${storedNaive.rows} are stored`);
  }
  const merge = (stored.mergeCpuSeconds / spans) * 1e6;
  const mergeNaive = (storedNaive.mergeCpuSeconds / spans) * 1e6;
  figures["mergeRestCpuSecondsPerMillionSpans"] = round(merge);
  figures["naiveMergeRestCpuSecondsPerMillionSpans"] = round(mergeNaive);
  figures["cpuShareOfNaiveAllMerged"] = round((ours.mean + merge) / (theirs.mean + mergeNaive), 3);
  figures["bytesPerSpan"] = round(stored.bytes / spans, 1);
  figures["naiveBytesPerSpan"] = round(storedNaive.bytes / spans, 1);
  figures["bytesShareOfNaive"] = round(stored.bytes / storedNaive.bytes);
}

function toRound(base: readonly EncodedBody[], i: number): GzippedBody[] {
  return restamp(base, { seed: `round ${i}`, shiftMs: i * roundMs });
}

/** CPU seconds per million spans, from the first byte sent until all can be queried and merges rest. */
async function measureCost(server: BenchServer, bodies: readonly GzippedBody[]): Promise<number> {
  const before = server.tree.cpuSeconds();
  const { refused } = await sendLoad({ url: server.url, bodies, connections });
  if (refused > 0) throw new Error(`${refused} requests were refused`);
  await server.drained();
  return ((server.tree.cpuSeconds() - before) / countSpans(bodies)) * 1e6;
}

/** All of it, analyzers too: cost, rate, memory, time to the answer. */
async function measureProduct(base: readonly EncodedBody[]): Promise<void> {
  const server = await startCulprit([]);
  const warmUp = toRound(base, 0);
  await sendLoad({ url: server.url, bodies: warmUp, connections });
  if (!isQuick) {
    const before = server.tree.cpuSeconds();
    const bodies = toRound(base, 1);
    await sendLoad({ url: server.url, bodies, connections });
    // Every trace is looked at once it has settled; two corpora have been sent.
    await untilExamined(server, 2 * tracesOfRound);
    await server.drained();
    const cpuSeconds = server.tree.cpuSeconds() - before;
    figures["analysisIncludedCpuSecondsPerMillionSpans"] = round(
      (cpuSeconds / countSpans(base)) * 1e6,
    );
  }
  const rate = await measureSustained(server, base);
  const bodies = endless(base, "half load");
  const half = await sendLoad({
    url: server.url,
    bodies,
    connections,
    spansPerSecond: rate / 2,
    stopAfterMs: halfLoadS * 1000,
  });
  figures["answerP50Ms"] = round(percentile(half.latenciesMs, 0.5), 0);
  figures["answerP99Ms"] = round(percentile(half.latenciesMs, 0.99), 0);
  await server.stop();
  await server.remove();
}

async function untilExamined(server: BenchServer, traces: number): Promise<void> {
  const giveUpAt = Date.now() + 240_000;
  while ((await server.metric("culprit_traces_examined_total")) < traces) {
    if (Date.now() > giveUpAt) throw new Error("traces wait for their analysis for 4 minutes");
    await delay(500);
  }
}

/** As fast as answers come; returns spans per second. */
async function measureSustained(
  server: BenchServer,
  base: readonly EncodedBody[],
): Promise<number> {
  const memory: number[] = [];
  const timer = setInterval(() => memory.push(server.tree.memoryBytes()), 1000);
  const load = await sendLoad({
    url: server.url,
    bodies: endless(base, "sustained"),
    connections,
    stopAfterMs: sustainedS * 1000,
  });
  clearInterval(timer);
  figures["sustainedSpansPerSecond"] = round(load.spans / load.seconds, 0);
  figures["sustainedAnswerP99Ms"] = round(percentile(load.latenciesMs, 0.99), 0);
  figures["refusedRequests"] = load.refused;
  figures["memoryMb"] = round(Math.max(...memory) / 1e6, 0);
  if (isSoak) {
    const third = Math.floor(memory.length / 3);
    const last = mean(memory.slice(2 * third));
    figures["memoryGrowthShare"] = round(last / mean(memory.slice(third, 2 * third)) - 1, 3);
  }
  return load.spans / load.seconds;
}

/** Full load again, in a process that times its slices: the hooks cost too much to be there above. */
async function measureSlices(base: readonly EncodedBody[]): Promise<void> {
  const probe = new URL("./slice-probe.ts", import.meta.url).pathname;
  const server = await startCulprit([], ["--import", probe]);
  const load = (seed: string, seconds: number) =>
    sendLoad({
      url: server.url,
      bodies: endless(base, seed),
      connections,
      stopAfterMs: seconds * 1000,
    });
  await load("warm-up", isQuick ? 3 : 15);
  process.kill(server.process.pid, "SIGUSR2");
  await server.process.waitFor(/^SLICES .*$/m, 5_000);
  await load("slices", isQuick ? 5 : 30);
  process.kill(server.process.pid, "SIGUSR2");
  const [, json = ""] = await server.process.waitFor(/SLICES [\s\S]*SLICES (.*)\n/, 5_000);
  const slices = JSON.parse(json);
  print(`slices of the main thread: ${json}`);
  figures["mainThreadSliceMaxMs"] = round(slices.maxMs);
  figures["mainThreadSliceP9999Ms"] = round(slices.p9999Ms);
  figures["mainThreadSlicesOver10Ms"] = slices.over10Ms;
  await server.stop();
  await server.remove();
}

/** Requests that are made while they are sent, and never come twice. */
function* endless(base: readonly EncodedBody[], seed: string): Generator<GzippedBody> {
  for (let i = 0; ; i++) {
    for (const body of base) yield* restamp([body], { seed: `${seed} ${i}`, shiftMs: 0 });
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
