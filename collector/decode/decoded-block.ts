import type { DecodeLimits } from "./decode-limits.ts";
import type { Losses } from "./decode-request.ts";

export type TraceEncoding = "protobuf" | "json";

export interface DecodeContext {
  /** When the request arrived, milliseconds since 1970. */
  readonly receivedMs: number;
  /** Spans that start outside [acceptFromMs, acceptToMs] are rejected. */
  readonly acceptFromMs: number;
  readonly acceptToMs: number;
  readonly limits: DecodeLimits;
}

/**
 * Why a span is not stored. Each is counted, and answered as OTLP's partial success; the span is never changed to fit.
 * Ids are invalid when they are all zero or of another length (a parent's may be absent or zero).
 */
export type RejectReason =
  | "outside_time_window"
  | "negative_duration"
  | "invalid_trace_id"
  | "invalid_span_id"
  | "invalid_parent_span_id";

export interface DecodedBlock {
  /** A Native block with the columns of `storage/span-columns.ts`; no bytes when no span was accepted. */
  readonly block: Uint8Array<ArrayBuffer>;
  /** Rows in the block. */
  readonly spans: number;
  readonly rejected: number;
  readonly rejectedReasons: Readonly<Partial<Record<RejectReason, number>>>;
  readonly losses: Readonly<Losses>;
}
