import type { DecodeLimits } from "./decode-limits.ts";

export type OtlpEncoding = "protobuf" | "json";

/** What a body may be: of traces, also a list of Zipkin's spans. */
export type BodyEncoding = OtlpEncoding | "zipkin";

export interface DecodeContext {
  /** When the request arrived, milliseconds since 1970. */
  readonly receivedMs: number;
  /** What happened (a span: started) outside [acceptFromMs, acceptToMs] is rejected. */
  readonly acceptFromMs: number;
  readonly acceptToMs: number;
  /** Spans of other services are rejected; absent: of none. */
  readonly services?: readonly string[];
  /** Whether the block may hold no rows of another request. */
  readonly isAlone?: boolean;
  readonly limits: DecodeLimits;
}

/**
 * Why a row is not stored. Each is counted, and answered as OTLP's partial success; nothing is ever changed to fit.
 * Ids are invalid when they are all zero or of another length (a parent's may be absent or zero), buckets when a histogram
 * has not one more of them than bounds.
 */
export type RejectReason =
  | "outside_time_window"
  | "negative_duration"
  | "invalid_trace_id"
  | "invalid_span_id"
  | "invalid_parent_span_id"
  | "service_not_allowed"
  | "invalid_buckets"
  | "too_many_buckets";

/** What was left out of the rows that are in the block. */
export interface Losses {
  /** Strings cut, and lists replaced by their length. */
  truncatedValues: number;
  /** Attributes over a limit, and repeats of a key. */
  droppedAttributes: number;
  /** Attributes whose key is new when `distinctKeysMax` are known already. */
  cardinality: number;
  /** Resources whose service, and spans whose name and route, are one too many: those stand in attributes only. */
  overflowedServices: number;
  overflowedNames: number;
  droppedEvents: number;
  /** Links over the limit, or without valid ids. */
  droppedLinks: number;
  droppedExemplars: number;
  /** Trace and span ids of logs and exemplars that are of another length than an id's. */
  droppedIds: number;
}

export interface DecodedBlock {
  /** A Native block with the columns of the signal's table; no bytes when no row was accepted. */
  readonly block: Uint8Array<ArrayBuffer>;
  /** How many requests were decoded into the block; each of them has got it. */
  readonly requests: number;
  /** This request's in the block; each is a span, a data point or a log record. */
  readonly rows: number;
  readonly rejected: number;
  readonly rejectedReasons: Readonly<Partial<Record<RejectReason, number>>>;
  readonly losses: Readonly<Losses>;
}
