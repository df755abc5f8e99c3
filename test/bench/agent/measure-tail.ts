import { round, summarize } from "../report.ts";
import type { BenchApp } from "./bench-app.ts";
import type { LoadResult } from "./load-generator.ts";
import { items, sendInTurns } from "./send-requests.ts";
import { again, none, ours } from "./variants.ts";

const fixedLoad = { perSecond: 400, seconds: 0.5 };

/**
 * Durations of answers at a load that leaves the application time to spare, beside those of a second bare application. What the
 * machine does comes in bursts: short slices in turns meet it alike, and it decides some of many slices, not their median.
 */
export async function measureTail(
  all: readonly BenchApp[],
  turnsWanted: number,
): Promise<Record<string, number>> {
  if (turnsWanted === 0) return {};
  const [bare, own, second] = [none, ours, again].map(
    (variant) => all.find((app) => app.variant === variant)!.port,
  );
  const workload = { ...items, requests: fixedLoad.perSecond * fixedLoad.seconds };
  const ports = [bare!, own!, second!];
  const turns = await sendInTurns(ports, workload, turnsWanted, fixedLoad.perSecond);
  const ratio = (at: number, figure: (result: LoadResult) => number) =>
    round(medianOf(turns, at, figure) / medianOf(turns, 0, figure), 3);
  return {
    p50Ratio: ratio(1, ({ p50Ms }) => p50Ms),
    p50RatioOfNone: ratio(2, ({ p50Ms }) => p50Ms),
    p99Ratio: ratio(1, ({ p99Ms }) => p99Ms),
    p99RatioOfNone: ratio(2, ({ p99Ms }) => p99Ms),
  };
}

function medianOf(
  turns: readonly (readonly LoadResult[])[],
  at: number,
  figure: (result: LoadResult) => number,
): number {
  return summarize(turns.map((results) => figure(results[at]!))).median;
}
