import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEngine } from "../../storage/embedded/engine.ts";
import { defaultRetention } from "../../storage/retention.ts";
import { openNaiveStore } from "./naive/naive-store.ts";
import { fillDays, type StoredDays } from "./query/fill-days.ts";
import { createQuestions, type Question } from "./query/questions.ts";
import { type Goal, print, printReport, round, summarize } from "./report.ts";

/**
 * CPU of the questions that pages ask, while ten days of two million spans each come in: after the first day and after
 * the last. The same questions to the baseline of `naive/`, in turns, in the same ClickHouse. `test/bench/README.md`
 * has the method.
 *
 *   --quick   under a minute: three days of 60,000 spans
 */
const isQuick = process.argv.includes("--quick");
const days = isQuick ? 3 : 10;
const tracesOfDay = isQuick ? 4_000 : 138_000;
const rounds = isQuick ? 5 : 15;

const goals: Record<string, Goal> = {
  traceCpuMs: { max: 25, stretch: 10 },
  traceShareOfNaive: { max: 0.2 },
  endpointsCpuMs: { max: 100, stretch: 20 },
  serviceEdgesCpuMs: { max: 100, stretch: 20 },
  attributeSearchCpuMs: { max: 50, stretch: 20 },
  // With ten times the data, at most this many times the cost. 1 is flat; a tree gets deeper, and noise is noise.
  traceGrowth: { max: 2 },
  endpointsGrowth: { max: 2 },
  serviceEdgesGrowth: { max: 2 },
  attributeSearchGrowth: { max: 2 },
  fillGrowth: { max: 1.5 },
};
const figures: Record<string, number> = {};
const folder = await mkdtemp(join(tmpdir(), "culprit-bench-"));
try {
  await main();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const engine = await openEngine({
    folder,
    retention: defaultRetention,
    memoryBytesMax: 3_000_000_000,
    queryDurationMsMax: 60_000,
    queryRowsMax: 1_000_000,
    migrates: true,
  });
  const naive = await openNaiveStore(join(folder, "clickhouse"));
  const filled = fillDays({ engine, naive, folder, days, tracesOfDay });
  let first: StoredDays | undefined;
  let atFirst: Record<string, number> = {};
  for await (const stored of filled) {
    first ??= stored;
    print(
      `${stored.days} days, ${stored.spans} spans: filled at ${round(stored.cpuSecondsPerMillion)} CPU s per million`,
    );
    if (stored.days !== 1 && stored.days !== Math.ceil(days / 2) && stored.days !== days) continue;
    const costs = await ask(createQuestions(engine, naive, stored));
    if (stored.days === 1) atFirst = costs;
    if (stored.days !== days) continue;
    report(costs, atFirst);
    figures["spansStored"] = stored.spans;
    figures["fillGrowth"] = round(stored.cpuSecondsPerMillion / first.secondDayCpuSeconds());
  }
  // A few granules cost the baseline next to nothing: its goal is one of much data.
  printReport({
    bench: "query",
    figures,
    goals,
    notMeasured: isQuick ? ["traceShareOfNaive"] : [],
  });
  naive.close();
  engine.close();
}

/** Medians of CPU milliseconds by question; the questions take turns. */
async function ask(questions: readonly Question[]): Promise<Record<string, number>> {
  const costs = questions.map(() => [] as number[]);
  for (let i = -2; i < rounds; i++) {
    for (const [k, question] of questions.entries()) {
      const before = process.cpuUsage();
      const rows = await question.run(i + 2);
      const { user, system } = process.cpuUsage(before);
      if (rows === 0) throw new Error(`${question.name} finds nothing`);
      if (i >= 0) costs[k]!.push((user + system) / 1000);
    }
  }
  const medians = questions.map(({ name }, k) => {
    const { median, spread } = summarize(costs[k]!);
    print(`  ${name.padEnd(24)} ${round(median, 1)} ms CPU, (max - min) / median ${round(spread)}`);
    return [name, round(median, 1)] as const;
  });
  return Object.fromEntries(medians);
}

function report(costs: Record<string, number>, atFirst: Record<string, number>): void {
  for (const [name, ms] of Object.entries(costs)) figures[`${name}CpuMs`] = ms;
  for (const name of ["trace", "endpoints", "serviceEdges", "attributeSearch"]) {
    figures[`${name}Growth`] = round(costs[name]! / atFirst[name]!);
  }
  figures["traceShareOfNaive"] = round(costs["trace"]! / costs["naiveTrace"]!, 3);
}
