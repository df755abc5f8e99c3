import { print, round, summarize } from "../report.ts";
import { type AppFile, startBenchApp } from "./bench-app.ts";
import { toPairedRatio } from "./paired-ratios.ts";
import { sendRequests, type Workload } from "./send-requests.ts";
import { none, ours, type Variant } from "./variants.ts";

/** From the start of the process until it listens, against the bare application: one after the other, in turns. */
export async function measureStart(app: AppFile, starts: number): Promise<number> {
  const ratios: number[] = [];
  for (let i = 0; i < starts; i += 1) {
    const startMs = new Map<Variant, number>();
    for (const variant of i % 2 === 0 ? [none, ours] : [ours, none]) {
      const started = await startBenchApp(variant, app);
      startMs.set(variant, started.startMs);
      await started.stop();
    }
    ratios.push(startMs.get(ours)! / startMs.get(none)!);
  }
  return round(toPairedRatio(ratios).median, 3);
}

/** What of the main thread's time the agent takes at a stretch, once it is warm; and before that, its thread's start included. */
export async function measurePauses(
  app: AppFile,
  workload: Workload,
  slices: number,
): Promise<Record<string, number>> {
  const started = await startBenchApp(ours, app, ["--require", "./pause-probe.cjs"]);
  try {
    await sendRequests(started.port, workload);
    const cold = (await started.usage()).pauses!;
    await sendRequests(started.port, workload);
    await started.usage();
    const longestUs: number[] = [];
    for (let i = 0; i < slices; i += 1) {
      await sendRequests(started.port, workload);
      const { longestUs: us, longestName, p99Us, count } = (await started.usage()).pauses!;
      print(`pauses: longest ${us} us (${longestName}), p99 ${p99Us} us of ${count}`);
      longestUs.push(us);
    }
    print(`pauses at the start: longest ${cold.longestUs} us (${cold.longestName})`);
    return {
      pauseMs: round(Math.max(...longestUs) / 1000, 3),
      pauseMedianMs: round(summarize(longestUs).median / 1000, 3),
      pauseAtStartMs: round(cold.longestUs / 1000, 3),
    };
  } finally {
    await started.stop();
  }
}
