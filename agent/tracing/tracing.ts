import {
  type Context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  type Span,
  type SpanContext,
  type SpanOptions,
  TraceFlags,
  type Tracer,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { countDropped } from "../diagnostics.ts";
import { type ActiveContext, ActiveContexts, isSuppressed } from "./active-context.ts";
import {
  LocalTrace,
  parseSpanId,
  parseTraceId,
  type RemoteParent,
  randomTraceId,
} from "./local-trace.ts";
import { createMicrosecondClock } from "./microsecond-clock.ts";
import { monotonicNow } from "./monotonic-clock.ts";
import { randomnessOf, withThreshold } from "./ot-trace-state.ts";
import { otlpKind, RecordedSpan, type SpanSink } from "./recorded-span.ts";
import type { Sampler } from "./sampler.ts";
import { toEpochMs } from "./time-input.ts";

/** Keeps the names of instrumentation scopes; a span carries the index. */
export interface ScopeSink extends SpanSink {
  /** The index of a scope, the same for the same name and version. */
  scopeOf(name: string, version: string): number;
}

/** Begins spans: for our own instrumentations, and behind OpenTelemetry's API for everybody else. */
export class Tracing implements TracerProvider {
  readonly contexts = new ActiveContexts();
  readonly sink: ScopeSink;
  /** Of our own instrumentations. */
  readonly ownScope: number;
  readonly #sampler: Sampler;
  readonly #clock = createMicrosecondClock();
  #clockReadMs = Number.NEGATIVE_INFINITY;
  #clockOffsetMs = 0;
  #isStopped = false;

  constructor(sink: ScopeSink, sampler: Sampler, ownVersion: string) {
    this.sink = sink;
    this.#sampler = sampler;
    this.ownScope = sink.scopeOf("@culprit/agent", ownVersion);
  }

  /** From now on no new trace is kept, for those who still hold a tracer. */
  stop(): void {
    this.#isStopped = true;
  }

  /** A new local root: of a trace of its own, or below a caller's span. `monotonicMs` is what `performance.now()` says. */
  startTrace(remote: RemoteParent | undefined, monotonicMs = monotonicNow()): LocalTrace {
    const offsetMs = this.#offsetAt(monotonicMs);
    const ids = remote === undefined ? randomTraceId() : remote.trace;
    const inherited = remote === undefined ? "" : remote.traceState;
    if (this.#isStopped) return new LocalTrace(ids, inherited, false, offsetMs);
    if (remote !== undefined && this.#sampler.isParentBased) {
      return new LocalTrace(ids, inherited, remote.isSampled, offsetMs);
    }
    const [high, low] = randomnessOf(inherited) ?? [ids[2] & 0xffffff, ids[3]];
    const isKept = this.#sampler.isKept(high, low);
    const state = withThreshold(inherited, isKept ? this.#sampler.threshold : "");
    return new LocalTrace(ids, state, isKept, offsetMs);
  }

  /** Wall time minus monotonic time. Requests that begin within a millisecond have it in common. */
  #offsetAt(monotonicMs: number): number {
    if (monotonicMs - this.#clockReadMs >= 1) {
      this.#clockReadMs = monotonicMs;
      this.#clockOffsetMs = this.#clock(Date.now(), monotonicMs) - monotonicMs;
    }
    return this.#clockOffsetMs;
  }

  /** A span of our own instrumentations, below the context's, or a local root. */
  startSpan(active: ActiveContext | undefined, name: string, kind: number): RecordedSpan {
    const parent = this.#parentOf(active?.span);
    const startMs = parent.trace.nowMs();
    return new RecordedSpan(this.sink, parent.trace, parent.ids, {
      name,
      kind,
      startMs,
      scope: this.ownScope,
    });
  }

  getTracer(name: string, version = ""): Tracer {
    const scope = this.sink.scopeOf(name, version);
    const startSpan = (spanName: string, options: SpanOptions = {}, context?: Context) => {
      try {
        return this.#startApiSpan(spanName, scope, options, context ?? this.contexts.active());
      } catch {
        // Options of the application's that can't be read.
        countDropped("span_failed");
        return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
      }
    };
    return {
      startSpan,
      startActiveSpan: (spanName: string, ...args: unknown[]) => {
        const fn = args.pop() as (span: Span) => never;
        const [options, context] = args as [SpanOptions | undefined, Context | undefined];
        const parent = context ?? this.contexts.active();
        const span = startSpan(spanName, options, parent);
        return this.contexts.with(trace.setSpan(parent, span), fn, undefined, span);
      },
    };
  }

  #startApiSpan(name: string, scope: number, options: SpanOptions, context: Context): Span {
    if (isSuppressed(context)) return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    const parent = this.#parentOf(options.root === true ? undefined : trace.getSpan(context));
    const span = new RecordedSpan(this.sink, parent.trace, parent.ids, {
      name: String(name),
      kind: options.kind === undefined ? otlpKind.internal : options.kind + 1,
      startMs: toEpochMs(options.startTime) ?? parent.trace.nowMs(),
      scope,
    });
    if (options.attributes !== undefined) span.setAttributes(options.attributes);
    if (options.links !== undefined) span.addLinks(options.links);
    return span;
  }

  #parentOf(span: Span | undefined) {
    if (span instanceof RecordedSpan) return { trace: span.trace, ids: span };
    const remote = span === undefined ? undefined : toRemoteParent(span.spanContext());
    const ids = remote && { id0: remote.span[0], id1: remote.span[1] };
    return { trace: this.startTrace(remote), ids };
  }
}

function toRemoteParent(context: SpanContext): RemoteParent | undefined {
  if (!isSpanContextValid(context)) return undefined;
  const traceId = parseTraceId(context.traceId.toLowerCase());
  const span = parseSpanId(context.spanId.toLowerCase());
  if (traceId === undefined || span === undefined) return undefined;
  return {
    trace: traceId,
    span,
    isSampled: (context.traceFlags & TraceFlags.SAMPLED) !== 0,
    traceState: context.traceState?.serialize() ?? "",
  };
}
