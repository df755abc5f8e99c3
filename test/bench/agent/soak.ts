import { print, round, summarize } from "../report.ts";
import { type AppFile, startBenchApp } from "./bench-app.ts";
import { sendRequests, type Workload } from "./send-requests.ts";
import { ours } from "./variants.ts";

const perSecond = 230;
const sliceSeconds = 15;

/** Memory after a garbage collection, every 15 s under a steady load; its growth is the last third over the middle one. */
export async function soak(
  app: AppFile,
  workload: Workload,
  minutes: number,
): Promise<Record<string, number>> {
  const started = await startBenchApp(ours, app);
  const memoryMb: number[] = [];
  try {
    const slices = Math.ceil((minutes * 60) / sliceSeconds);
    for (let i = 0; i < slices; i += 1) {
      const requests = perSecond * sliceSeconds;
      await sendRequests(started.port, { ...workload, requests }, perSecond);
      memoryMb.push((await started.usage(true)).rssBytes / 2 ** 20);
      print(`${(i + 1) * sliceSeconds} s: ${memoryMb.at(-1)!.toFixed(1)} MB`);
    }
  } finally {
    await started.stop();
  }
  const third = Math.floor(memoryMb.length / 3);
  const middle = summarize(memoryMb.slice(-2 * third, -third)).median;
  const last = summarize(memoryMb.slice(-third)).median;
  return {
    soakRequests: memoryMb.length * perSecond * sliceSeconds,
    soakMemoryMb: round(last, 1),
    soakMemoryGrowth: round(last / middle - 1, 3),
  };
}
