import { type Span, trace } from "@opentelemetry/api";
import { EventLoopWatch } from "./event-loop-watch.ts";
import { GcPauses } from "./gc-pauses.ts";
import { CallDurations } from "./metrics/call-durations.ts";
import type { MetricSource } from "./metrics/metric.ts";
import { PoolGauges } from "./metrics/pool-gauges.ts";
import { ProcessMetrics } from "./metrics/process-metrics.ts";
import { OpenRequests } from "./open-requests.ts";
import { tellBlock } from "./tell-block.ts";
import { activeTraceKey } from "./watch-protocol.ts";

export interface RuntimeOptions {
  /** From this duration on a block of the event loop is told; 0: none is, and no worker is started. */
  readonly eventLoopBlockMs: number;
  /** Where metrics go; without any nothing is measured for them. */
  readonly metricExporters: readonly string[];
}

/** Evidence about the process, for whoever makes server spans. */
export interface Runtime {
  /** When the server span of a request has started. */
  requestStarted(span: Span): void;
  /** Before that span ends: adds to it what held the process up meanwhile. */
  requestEnding(span: Span): void;
  /** Undefined when no metrics are exported. */
  readonly metrics: RuntimeMetrics | undefined;
}

export interface RuntimeMetrics {
  /** To be told of every call that has ended. */
  readonly durations: CallDurations;
  /** To be told of every pool of connections. */
  readonly pools: PoolGauges;
  /** All that is measured. */
  readonly sources: readonly MetricSource[];
}

/** What is shorter is not worth an attribute. */
const heldUpMinMs = 5;

/** Begins to watch garbage collection and the event loop of this process. Nothing here keeps it alive. */
export function startRuntime({ eventLoopBlockMs, metricExporters }: RuntimeOptions): Runtime {
  const requests = new OpenRequests();
  const ofProcess = metricExporters.length > 0 ? new ProcessMetrics() : undefined;
  const gcPauses = new GcPauses((kind, durationMs) => ofProcess?.recordGc(kind, durationMs));
  const watch = eventLoopBlockMs > 0 ? startWatch(eventLoopBlockMs, requests, gcPauses) : undefined;

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
    metrics: ofProcess && createMetrics(ofProcess),
  };
}

function startWatch(blockMs: number, requests: OpenRequests, gcPauses: GcPauses): EventLoopWatch {
  const tracer = trace.getTracer("@culprit/agent/runtime");
  // For the watch worker, which asks while the main thread is paused.
  Object.defineProperty(globalThis, Symbol.for(activeTraceKey), {
    configurable: true,
    value: () => trace.getActiveSpan()?.spanContext().traceId ?? "",
  });
  return new EventLoopWatch({
    blockMs,
    requests,
    onBlock: (block) => tellBlock(tracer, block, gcPauses.pausedMs(block.startMs, block.endMs)),
  });
}

function createMetrics(ofProcess: ProcessMetrics): RuntimeMetrics {
  const durations = new CallDurations();
  const pools = new PoolGauges();
  return {
    durations,
    pools,
    sources: [ofProcess, durations, pools].map((it) => () => it.collect()),
  };
}
