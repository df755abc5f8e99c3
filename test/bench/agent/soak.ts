import { print, round, summarize } from "../report.ts";
import { type AppFile, type BenchApp, startBenchApp } from "./bench-app.ts";
import { fixedYoungGeneration } from "./measure-once.ts";
import { sendRequests, type Workload } from "./send-requests.ts";
import { none, ours } from "./variants.ts";

const perSecond = 230;
const sliceSeconds = 15;

/**
 * Memory after a garbage collection, every 15 s under a steady load, of the bare application and of ours at once; its growth is
 * the last third over the middle one.
 */
export async function soak(
  app: AppFile,
  workload: Workload,
  minutes: number,
): Promise<Record<string, number>> {
  const apps: BenchApp[] = [];
  for (const variant of [none, ours]) {
    apps.push(await startBenchApp(variant, app, fixedYoungGeneration));
  }
  const memoryMb: number[][] = [[], []];
  try {
    const slices = Math.ceil((minutes * 60) / sliceSeconds);
    for (let i = 0; i < slices; i += 1) {
      const taken = await Promise.all(apps.map((each) => measureSlice(each, workload)));
      for (const [at, mb] of taken.entries()) memoryMb[at]!.push(mb);
      print(
        `${(i + 1) * sliceSeconds} s: none ${taken[0]!.toFixed(1)} MB, ours ${taken[1]!.toFixed(1)} MB`,
      );
    }
  } finally {
    await Promise.all(apps.map((each) => each.stop()));
  }
  const [bare, own] = memoryMb.map(toThirds);
  return {
    soakRequests: memoryMb[1]!.length * perSecond * sliceSeconds,
    soakMemoryMb: round(own!.lastMb, 1),
    soakMemoryGrowth: round(own!.lastMb / own!.middleMb - 1, 3),
    soakAddedMb: round(own!.lastMb - bare!.lastMb, 1),
  };
}

async function measureSlice(app: BenchApp, workload: Workload): Promise<number> {
  const requests = perSecond * sliceSeconds;
  await sendRequests(app.port, { ...workload, requests }, perSecond);
  return (await app.usage(true)).rssBytes / 2 ** 20;
}

function toThirds(memoryMb: readonly number[]) {
  const third = Math.floor(memoryMb.length / 3);
  return {
    middleMb: summarize(memoryMb.slice(-2 * third, -third)).median,
    lastMb: summarize(memoryMb.slice(-third)).median,
  };
}
