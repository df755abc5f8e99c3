import { setTimeout as delay } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { toPortChannel } from "../../storage/port-channel.ts";
import { connectStore } from "../../storage/remote.ts";
import { traceDetectors, windowDetectors } from "../index.ts";
import { createAnalysisCounters } from "./analysis-counters.ts";
import type { AnalyzerMessage, AnalyzerWorkerData } from "./analyzer-messages.ts";
import { Schedule } from "./schedule.ts";

/** The analyzers' thread: runs the schedule again and again. Ended by its parent (`terminate`). */
const runEveryMs = 2_000;
/** Under load a run pauses for as long as it took, up to this: more traces at once cost less each. */
const pauseMsMax = 10_000;
const tellCountersEveryMs = 1_000;

const { storePort, share } = workerData as AnalyzerWorkerData;
const tell = (message: AnalyzerMessage): void => parentPort!.postMessage(message);
const log = (line: string): void => tell({ kind: "log", line });

const counters = createAnalysisCounters(
  [...traceDetectors, ...windowDetectors].map(({ meta }) => meta.id),
);
const schedule = new Schedule({
  store: connectStore(toPortChannel(storePort)),
  traceDetectors,
  windowDetectors,
  counters,
  onFinding: (finding) => tell({ kind: "finding", finding }),
  log,
  now: Date.now,
  share,
});

// A first run after a long pause takes minutes; how far it is can be seen all the while.
setInterval(() => tell({ kind: "counters", counters }), tellCountersEveryMs);

/** A failed run is counted and said once; the next run goes on from where it stopped. */
let lastError = "";
for (;;) {
  const startedAt = performance.now();
  try {
    await schedule.run();
    if (lastError !== "") log("analysis goes on");
    lastError = "";
  } catch (error) {
    counters.runErrors++;
    const text = String(error);
    if (text !== lastError) log(`analysis failed and will be tried again: ${text}`);
    lastError = text;
  }
  const tookMs = performance.now() - startedAt;
  await delay(Math.min(pauseMsMax, Math.max(runEveryMs, tookMs)));
}
