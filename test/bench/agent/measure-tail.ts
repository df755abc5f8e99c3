import { round, summarize } from "../report.ts";
import type { BenchApp } from "./bench-app.ts";
import type { LoadResult } from "./load-generator.ts";
import { items, sendInTurns } from "./send-requests.ts";
import { again, none, ours } from "./variants.ts";

const fixedLoad = { perSecond: 400, seconds: 0.5 };

/** Of each turn the results of the bare application, of ours and of a second bare one. */
export type TailTurns = readonly (readonly LoadResult[])[];

/** Answers at a load that leaves the application time to spare. */
export async function measureTail(all: readonly BenchApp[], turns: number): Promise<TailTurns> {
  if (turns === 0) return [];
  const ports = [none, ours, again].map(
    (variant) => all.find((app) => app.variant === variant)!.port,
  );
  const workload = { ...items, requests: fixedLoad.perSecond * fixedLoad.seconds };
  return await sendInTurns(ports, workload, turns, fixedLoad.perSecond);
}

/**
 * Durations beside those of the second bare application. What the machine does comes in bursts: short slices in turns meet it
 * alike, and it decides some of many slices, not their median.
 */
export function tailFigures(turns: TailTurns): Record<string, number> {
  if (turns.length === 0) return {};
  const ratio = (at: number, figure: (result: LoadResult) => number) =>
    round(medianOf(turns, at, figure) / medianOf(turns, 0, figure), 3);
  return {
    p50Ratio: ratio(1, ({ p50Ms }) => p50Ms),
    p50RatioOfNone: ratio(2, ({ p50Ms }) => p50Ms),
    p99Ratio: ratio(1, ({ p99Ms }) => p99Ms),
    p99RatioOfNone: ratio(2, ({ p99Ms }) => p99Ms),
  };
}

function medianOf(turns: TailTurns, at: number, figure: (result: LoadResult) => number): number {
  return summarize(turns.map((results) => figure(results[at]!))).median;
}
