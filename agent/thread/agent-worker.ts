import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { type ExportReport, ExportService, type ExportSettings } from "../export/export-service.ts";
import { readOtlpEnvironment } from "../export/otlp-environment.ts";
import type { PlanTaker } from "../plans/plan-taker.ts";
import { toOriginalStack } from "../runtime/original-stack.ts";
import type { Profiles, ProfilesOptions } from "../runtime/profiles/profiles.ts";
import { watchMainThread } from "../runtime/watch-main-thread.ts";
import type { WatchRequest } from "../runtime/watch-protocol.ts";
import { SourceMaps } from "../source-maps/source-maps.ts";
import type { ThreadReport, ThreadRequest, ThreadSettings } from "./thread-messages.ts";
import { WorkerListeners } from "./worker-listeners.ts";

type SendRequest = Exclude<ThreadRequest, WatchRequest>;

/**
 * The agent's one thread. Its own sockets hold only this thread, and nobody waits for that.
 *
 *   chunks of spans ──▶ ExportService ──▶ collector
 *         ▲ WorkerListeners ◀── chunks of the application's worker threads
 *   heartbeat ────────▶ watchMainThread ──▶ stacks, back to the application's thread
 *   a reason ─────────▶ Profiles ──▶ collector
 *   a slow statement ─▶ PlanTaker ── database; what it says ──▶ collector
 */
const { sending, watching } = workerData as ThreadSettings;
const report = (message: ThreadReport) => parentPort?.postMessage(message);
const drop = (reason: Extract<ExportReport, { kind: "dropped" }>["reason"]) =>
  report({ kind: "dropped", reason, spans: 1 });
const maps = new SourceMaps(() => drop("source_map_failed"));

const send = sending && startSending(sending);
const watch =
  watching &&
  watchMainThread(watching, {
    onStack: (stack) => {
      const frames = toOriginalStack(stack.frames, maps);
      report({ kind: "stack", stack: { ...stack, frames } });
    },
    onFailure: (reason) => report({ kind: "watchFailed", reason }),
  });
parentPort?.on("message", (request: ThreadRequest) => {
  if (request.kind === "watch") watch?.wake();
  else send?.(request);
});

function startSending(settings: ExportSettings): (request: SendRequest) => void {
  const target = readOtlpEnvironment(settings.environment, "application/x-protobuf");
  const service = new ExportService(target, settings, { report, maps });
  const workers = new WorkerListeners((chunk) => service.take(chunk));
  let profiles: Profiles | undefined;
  let plans: PlanTaker | undefined;
  return (request) => {
    if (request.kind === "worker") workers.begin(request.threadId);
    else if (request.kind === "workerEnded") workers.end(request.threadId);
    else if (request.kind === "plan") {
      plans ??= loadPlanTaker(settings);
      plans.take(request);
    } else if (request.kind !== "profile") {
      if (request.kind === "flush") workers.hearAll();
      service.handle(request);
    } else {
      const onFailure = () => drop("profile_failed");
      profiles ??= loadProfiles({ sending: settings, maps, report, onFailure });
      profiles.handle(request);
    }
  };
}

function loadPlanTaker(settings: ExportSettings): PlanTaker {
  const loaded: { PlanTaker: typeof PlanTaker } = createRequire(import.meta.url)(
    "./plan-taker.cjs",
  );
  return new loaded.PlanTaker(settings, () => drop("plan_failed"));
}

/** Few processes ever take one. */
function loadProfiles(options: ProfilesOptions): Profiles {
  const loaded: { Profiles: typeof Profiles } = createRequire(import.meta.url)("./profiles.cjs");
  return new loaded.Profiles(options);
}
