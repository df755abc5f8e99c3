import { print, round, summarize } from "../report.ts";
import { type AppFile, type Pauses, startBenchApp } from "./bench-app.ts";
import { longestPause, mergePlaces } from "./longest-pause.ts";
import { toPairedRatio } from "./paired-ratios.ts";
import { sendRequests, type Workload } from "./send-requests.ts";
import { none, ours, type Variant } from "./variants.ts";

/** From the start of the process until it listens, against the bare application: one after the other, in turns. */
export async function measureStart(app: AppFile, starts: number): Promise<number> {
  const ratios: number[] = [];
  for (let i = 0; i < starts; i += 1) {
    const startMs = new Map<Variant, number>();
    for (const variant of inTurns(i)) {
      const started = await startBenchApp(variant, app);
      startMs.set(variant, started.startMs);
      await started.stop();
    }
    ratios.push(startMs.get(ours)! / startMs.get(none)!);
  }
  return round(toPairedRatio(ratios).median, 3);
}

/** Which of the two begins. */
function inTurns(round: number): readonly Variant[] {
  return round % 2 === 0 ? [none, ours] : [ours, none];
}

/**
 * V8 doubles the young generation when as much as it holds has survived in it, and gives it back to nobody: an application that
 * allocates more is there earlier, each that runs for long is there in the end. So both have the same one from the beginning:
 * otherwise the figure is how far each has come after so many requests.
 */
export const fixedYoungGeneration = [
  "--min-semi-space-size=32",
  "--max-semi-space-size=32",
  "--require",
  "./young-generation.cjs",
];
const memorySlices = 3;
const memoryRequests = 1_500;
const pauseRequests = 1_500;

/**
 * Resident memory over that of the bare application: the median of several pairs, for what V8's compilers leave behind differs
 * by some MB. One process after the other, in turns: what compiles in the background while two share a core piles up.
 */
export async function measureMemory(
  app: AppFile,
  workload: Workload,
  pairs: number,
): Promise<Record<string, number>> {
  const addedMb: number[] = [];
  for (let i = 0; i < pairs; i += 1) {
    const memoryMb = new Map<Variant, number>();
    for (const variant of inTurns(i))
      memoryMb.set(variant, await readMemory(variant, app, workload));
    addedMb.push(memoryMb.get(ours)! - memoryMb.get(none)!);
  }
  print(`memory over none: ${addedMb.map((mb) => mb.toFixed(1)).join(", ")} MB`);
  return { memoryMb: round(summarize(addedMb).median, 1) };
}

async function readMemory(variant: Variant, app: AppFile, workload: Workload): Promise<number> {
  const started = await startBenchApp(variant, app, fixedYoungGeneration);
  try {
    for (let i = 0; i < memorySlices; i += 1) {
      await sendRequests(started.port, { ...workload, requests: memoryRequests });
    }
    return (await started.usage(true)).rssBytes / 2 ** 20;
  } finally {
    await started.stop();
  }
}

/**
 * What of the main thread's time the agent takes at a stretch, once it is warm; and before that, its thread's start
 * included. Of several processes, for what comes once in the life of one is found only so. Collections of garbage are told
 * apart, beside those of the bare application under the same load.
 */
export async function measurePauses(
  app: AppFile,
  workload: Workload,
  { processes, slices }: { readonly processes: number; readonly slices: number },
): Promise<Record<string, number>> {
  const bare = await readPauses(none, app, workload, slices);
  const runs = [];
  for (let i = 0; i < processes; i += 1) runs.push(await readPauses(ours, app, workload, slices));
  const warm = runs.flatMap((run) => run.warm);
  printCollections("none", bare.warm);
  printCollections("ours", warm);
  for (const { cold } of runs) printPauses("pauses at the start", cold);
  for (const run of runs) {
    printPauses("pauses", run.warm.toSorted((a, b) => b.longest.us - a.longest.us)[0]!);
  }
  const [loop] = mergePlaces(warm.map((pauses) => pauses.loop));
  const longest = longestPause(mergePlaces(warm.flatMap(({ places }) => places)), loop!);
  print(
    `longest pause of ${warm.length * pauseRequests} requests that is the agent's: ${longest.us} us (${longest.name},` +
      ` ${longest.times} times; a mere loop ${longest.loopTimes} times)`,
  );
  return {
    pauseMs: round(longest.us / 1000, 3),
    pauseByAnyoneMs: round(Math.max(...warm.map((pauses) => pauses.longest.us)) / 1000, 3),
    pauseOfLoopMs: round(Math.max(...warm.map(longestOfLoop)) / 1000, 3),
    pauseAtStartMs: round(summarize(runs.map(({ cold }) => cold.longest.us)).median / 1000, 3),
  };
}

const longestOfLoop = ({ loop }: Pauses) => Math.max(0, ...loop.longUs);

async function readPauses(
  variant: Variant,
  app: AppFile,
  workload: Workload,
  slices: number,
): Promise<{ readonly cold: Pauses; readonly warm: readonly Pauses[] }> {
  const started = await startBenchApp(variant, app, ["--require", "./pause-probe.cjs"]);
  const read = async () => {
    await sendRequests(started.port, { ...workload, requests: pauseRequests });
    return (await started.usage()).pauses!;
  };
  try {
    const cold = await read();
    await read();
    const warm: Pauses[] = [];
    for (let i = 0; i < slices; i += 1) warm.push(await read());
    return { cold, warm };
  } finally {
    await started.stop();
  }
}

function printPauses(title: string, pauses: Pauses): void {
  const { count, p99Us, longest, longestByClock } = pauses;
  const { name, clockUs, waitedUs, collectedUs } = longestByClock;
  print(
    `${title}: longest ${longest.us} us (${longest.name}), p99 ${p99Us} us of ${count}, a mere loop ${longestOfLoop(pauses)} us; by the clock ${clockUs} us` +
      ` (${name}), of them without a CPU ${waitedUs}, collecting garbage ${collectedUs}`,
  );
}

function printCollections(name: string, pauses: readonly Pauses[]): void {
  const count = pauses.reduce((sum, { collections }) => sum + collections, 0);
  const ms = pauses.reduce((sum, { collectedMs }) => sum + collectedMs, 0);
  const longestMs = Math.max(...pauses.map(({ longestCollectionMs }) => longestCollectionMs));
  print(
    `collections of garbage, ${name}: ${count}, ${ms.toFixed(1)} ms, longest ${longestMs.toFixed(2)} ms`,
  );
}
