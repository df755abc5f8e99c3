import type { ConnectionHolders } from "./facts/connection-holders.ts";
import type { LearnedOrder } from "./facts/learned-order.ts";
import type { CallHistory } from "./model/call-history.ts";
import type { Confidence, Severity } from "./model/finding.ts";
import type { TraceSigns } from "./model/trace-signs.ts";
import type { SpanIndex, TraceView } from "./model/trace-view.ts";

export interface DetectorMeta<Options> {
  /** Kebab-case noun for what is wrong. Equals the file name; never changes once released. */
  readonly id: string;
  /** Raised when the rule changes what it finds: traces are examined anew, occurrences are kept apart. */
  readonly version: number;
  readonly title: string;
  readonly description: string;
  readonly severity: Severity;
  readonly defaults: Options;
  /**
   * What differs once the fault is known, and a fix is simulated: it changes requests, too, in which the fault would be too
   * small to be a finding. Absent: nothing.
   */
  readonly optionsOnceKnown?: Partial<Options>;
  /**
   * Once in a while anything is slow: it becomes a finding when so many traces show it, and so large a share of the
   * endpoint's. Absent: one trace is enough.
   */
  readonly seenMin?: {
    readonly traces: number;
    readonly share: number;
    /** The share where no trace proves it: none is of high confidence. Absent: the same. */
    readonly unprovedShare?: number;
  };
  /** Why nothing is predicted where no trace of the endpoint shows what the fix saves; a sentence without its period. */
  readonly gainElsewhere?: string;
}

/** Reads one trace. Pure: `trace` is columns and indexes, not span objects. */
export interface TraceDetector<Options = unknown> {
  readonly meta: DetectorMeta<Options>;
  /**
   * Whether a trace with these signs may have what the detector looks for; only then it is read. Signs are never less than
   * what the trace has. Without it every settled trace is read.
   */
  isCandidate?(signs: TraceSigns, options: Options): boolean;
  /** `order` is what other traces said about the order of calls; without it, nothing is known. */
  detect(trace: TraceView, options: Options, order?: LearnedOrder): Observation[];
  /**
   * Whether traces of the endpoint, those without the fault included, show that what was seen of a shape is the doing of
   * its surroundings: a machine that was busy, a lock. Then it is no finding. Absent: one trace tells all.
   */
  isPassing?(sample: readonly TraceView[], shapeId: string, options: Options): boolean;
  /** What sampled traces of the endpoint, seen together, add to the finding about calls of this shape; null: nothing. */
  tellSample?(sample: readonly TraceView[], shapeId: string): Told | null;
  /** What the earlier runs of the query in question add to the finding; null: nothing. */
  tellPast?(past: CallHistory): Told | null;
  /** What those who held connections while others waited add to the finding; null: nothing. */
  tellHolders?(holders: ConnectionHolders): Told | null;
}

/** What a finding tells beyond its traces. */
export interface Told {
  /** The end of the finding's sentence, behind a semicolon. */
  readonly clause: string;
  /** Steps that come before its others. */
  readonly fix: readonly string[];
}

/** One problem seen in one trace. Equal `identity` is the same fix; `schedule` hashes it to the fingerprint. */
export interface Observation {
  readonly identity: readonly string[];
  /** One sentence for a human: "GET /orders runs the same query 20 times: SELECT products". */
  readonly summary: string;
  /** The server span (or local root) of the endpoint that is slower for it. */
  readonly endpointSpan: SpanIndex;
  /** The spans in question, in order of start; never empty. */
  readonly spans: readonly SpanIndex[];
  /** Calls that the spans stand for: Σ repeats. */
  readonly repeats: number;
  readonly confidence: Confidence;
  /** How the trace looks once it is fixed; read by `gain`. None: this request does not get faster, or nobody can say. */
  readonly changes: readonly TraceChange[];
  readonly fix: readonly string[];
  /** Why it is not reported, when a guard held it back (tenants, cursor, batch, retry, polling …). */
  readonly suppressedBy?: GuardId;
}

/** Kebab-case name of a reason for silence, e.g. "different-namespaces". */
export type GuardId = string;

/**
 * What fixing does to a trace.
 *
 * merge-calls    the spans become one call that does the work of all
 * drop-repeats   the first call stays as it is, and the others are not made
 * make-parallel  the spans, which ran one after the other, start together
 * speed-up       each span loses most of its removable time: an index, a better query
 * read-page      each span loses what is beyond a page of its removable time: fewer rows, a smaller answer
 * remove-wait    each span loses its removable time, which it spent waiting for something that is not its work
 * hold-shorter   each span loses of its removable time, in which it waited for those who hold something, as they hold it
 *                for `leftShare` of the time
 */
export interface TraceChange {
  readonly kind:
    | "merge-calls"
    | "drop-repeats"
    | "make-parallel"
    | "speed-up"
    | "read-page"
    | "remove-wait"
    | "hold-shorter";
  readonly spans: readonly SpanIndex[];
  /** Of what makes single spans shorter: what each of them may lose of its own time, nanoseconds. Absent: all of its time. */
  readonly removableNs?: readonly number[];
  /** Of "read-page" and "hold-shorter": which share of size or hold is left, 0 … 1; of a page, when it is as large as may be. */
  readonly leftShare?: number;
}

/** Reads a time window by SQL: the query returns rows of its own shape, ordered and limited. */
export interface WindowDetector<Row = unknown, Options = unknown> {
  readonly meta: DetectorMeta<Options>;
  /** Parameters: `{from:DateTime}`, `{to:DateTime}`, `{findingsMax:UInt32}` and the numeric options by name. */
  readonly query: string;
  toObservation(row: Row, options: Options): WindowObservation;
}

/** One problem seen in one window of time. */
export interface WindowObservation {
  readonly identity: readonly string[];
  readonly summary: string;
  readonly service: string;
  readonly environment: string;
  readonly method: string;
  readonly route: string;
  readonly confidence: Confidence;
  readonly requests: number;
  readonly secondsPerDay: number;
  readonly fix: readonly string[];
}

/** Keeps a detector's option and row types while it sits in the registry, which knows neither. */
export function defineTraceDetector<O>(detector: TraceDetector<O>): TraceDetector<O> {
  return detector;
}

export function defineWindowDetector<R, O>(detector: WindowDetector<R, O>): WindowDetector<R, O> {
  return detector;
}
