import { type Span, trace } from "@opentelemetry/api";
import { EventLoopWatch } from "./event-loop-watch.ts";
import { GcPauses } from "./gc-pauses.ts";
import { OpenRequests } from "./open-requests.ts";
import { tellBlock } from "./tell-block.ts";
import { activeTraceKey } from "./watch-protocol.ts";

export interface RuntimeOptions {
  /** From this duration on a block of the event loop is told; 0: none is, and no worker is started. */
  readonly eventLoopBlockMs: number;
}

/** Evidence about the process, for whoever makes server spans. */
export interface Runtime {
  /** When the server span of a request has started. */
  requestStarted(span: Span): void;
  /** Before that span ends: adds to it what held the process up meanwhile. */
  requestEnding(span: Span): void;
}

/** What is shorter is not worth an attribute. */
const heldUpMinMs = 5;

/** Begins to watch garbage collection and the event loop of this process. Nothing here keeps it alive. */
export function startRuntime({ eventLoopBlockMs }: RuntimeOptions): Runtime {
  const tracer = trace.getTracer("@culprit/agent/runtime");
  const requests = new OpenRequests();
  const gcPauses = new GcPauses(() => undefined);
  const watch =
    eventLoopBlockMs === 0
      ? undefined
      : new EventLoopWatch({
          blockMs: eventLoopBlockMs,
          requests,
          onBlock: (block) =>
            tellBlock(tracer, block, gcPauses.pausedMs(block.startMs, block.endMs)),
        });
  if (watch) publishActiveTrace();

  return {
    requestStarted(span) {
      requests.add(span);
      watch?.startWatcher();
    },
    requestEnding(span) {
      const startMs = requests.startMsOf(span);
      if (startMs === undefined) return;
      requests.remove(span);
      const endMs = performance.now();
      const gcMs = gcPauses.pausedMs(startMs, endMs);
      const delayMs = watch?.delayMs(startMs, endMs) ?? 0;
      if (gcMs >= heldUpMinMs) span.setAttribute("culprit.gc.pause_ms", gcMs);
      if (delayMs >= heldUpMinMs) span.setAttribute("culprit.event_loop.delay_ms", delayMs);
    },
  };
}

/** For the watch worker, which asks while the main thread is paused. */
function publishActiveTrace(): void {
  Object.defineProperty(globalThis, Symbol.for(activeTraceKey), {
    configurable: true,
    value: () => trace.getActiveSpan()?.spanContext().traceId ?? "",
  });
}
