import { type Span, trace } from "@opentelemetry/api";
import { onDemand } from "../on-demand.ts";
import type { AgentThread } from "../thread/agent-thread.ts";
import { EventLoopWatch } from "./event-loop-watch.ts";
import { GcPauses } from "./gc-pauses.ts";
import type { RuntimeMetrics } from "./metrics/runtime-metrics.ts";
import { OpenRequests } from "./open-requests.ts";
import { ProfileControl, type ProfileSettings } from "./profiles/profile-control.ts";
import { tellBlock } from "./tell-block.ts";
import { activeTraceKey, type WatchSettings } from "./watch-protocol.ts";

export interface RuntimeOptions {
  /** What the thread was told of the watch over the event loop; undefined: there is none. */
  readonly watching: WatchSettings | undefined;
  /** Started with the first request, when it watches. Undefined in a worker thread: blocks have no stack there. */
  readonly thread: AgentThread | undefined;
  /** How profiles are taken; undefined: none is. */
  readonly profiling: ProfileSettings | undefined;
  /** Undefined when no metrics are exported. */
  readonly metrics: RuntimeMetrics | undefined;
}

/** Evidence about the process, for whoever makes server spans. */
export interface Runtime {
  /** When the server span of a request has started. `nowMs` is what `performance.now()` says, here and below. */
  requestStarted(span: Span, nowMs: number): void;
  /** Before that span ends: adds to it what held the process up meanwhile. */
  requestEnding(span: Span, nowMs: number): void;
  /** Undefined when no metrics are exported. */
  readonly metrics: RuntimeMetrics | undefined;
  /** Ends the watch over the event loop and the thread, and with it profiles. */
  stop(): void;
}

/** What is shorter is not worth an attribute. */
const heldUpMinMs = 5;
/** What takes longer may be worth a profile. */
const slowMs = 1_000;

/** Begins to watch garbage collection and the event loop of this process. Nothing here keeps it alive. */
export function startRuntime(options: RuntimeOptions): Runtime {
  const { thread, metrics, profiling } = options;
  const requests = new OpenRequests();
  const watched = onDemand(() => watchProcess(options, requests));
  // The modules of Node's that this takes are a tenth of what the agent's start costs, and nothing is late so: before its
  // first turn the event loop has no requests. But metrics count all collections, and a signal that nobody listens to ends
  // the process.
  if (metrics === undefined && profiling?.signal === undefined) setImmediate(watched).unref();
  else watched();

  return {
    requestStarted(span, nowMs) {
      requests.add(span, nowMs);
      const { watch } = watched();
      if (watch === undefined) return;
      thread?.start();
      watch.wake(nowMs);
    },
    requestEnding(span, endMs) {
      const { watch, gcPauses, profiles } = watched();
      const startMs = requests.remove(span, endMs, watch?.isLate(endMs) === true);
      // Most are answered sooner than what would be told of them takes.
      if (startMs === undefined || endMs - startMs < heldUpMinMs) return;
      if (endMs - startMs >= slowMs) profiles?.slow(span);
      const gcMs = gcPauses.pausedMs(startMs, endMs);
      const delayMs = watch?.delayMs(startMs, endMs) ?? 0;
      if (gcMs >= heldUpMinMs) span.setAttribute("culprit.gc.pause_ms", gcMs);
      if (delayMs >= heldUpMinMs) span.setAttribute("culprit.event_loop.delay_ms", delayMs);
    },
    metrics,
    stop() {
      const { watch, profiles } = watched();
      watch?.stop();
      profiles?.stop();
      thread?.stop();
    },
  };
}

interface WatchedProcess {
  readonly gcPauses: GcPauses;
  readonly profiles: ProfileControl | undefined;
  readonly watch: EventLoopWatch | undefined;
}

function watchProcess(options: RuntimeOptions, requests: OpenRequests): WatchedProcess {
  const { watching, thread, profiling, metrics } = options;
  const profiles = profiling && thread && new ProfileControl(profiling, thread, requests);
  const gcPauses = new GcPauses((kind, durationMs) => {
    metrics?.recordGc(kind, durationMs);
    if (kind === "major") profiles?.collected();
  });
  const watch = watching && startWatch(watching, thread, { requests, gcPauses, profiles });
  return { gcPauses, profiles, watch };
}

interface Watched {
  readonly requests: OpenRequests;
  readonly gcPauses: GcPauses;
  readonly profiles: ProfileControl | undefined;
}

function startWatch(
  settings: WatchSettings,
  thread: AgentThread | undefined,
  { requests, gcPauses, profiles }: Watched,
): EventLoopWatch {
  const tracer = trace.getTracer("@culprit/agent/runtime");
  // For the watching thread, which asks while the main thread is paused.
  Object.defineProperty(globalThis, Symbol.for(activeTraceKey), {
    configurable: true,
    value: () => trace.getActiveSpan()?.spanContext().traceId ?? "",
  });
  return new EventLoopWatch({
    settings,
    thread,
    requests,
    onBlock: (block) => {
      tellBlock(tracer, block, gcPauses.pausedMs(block.startMs, block.endMs));
      profiles?.blocked();
    },
  });
}
