/**
 * Each code is stable and searchable; it is also the `reason` under which a refused request is counted.
 *
 * The request is at fault (never worth a retry):
 *   BODY_ABORTED                  the client went away before the end of its body; there is nobody to answer
 *   BODY_TOO_LARGE                over `bodyBytesMax`, as sent or decompressed, or zstd with too large a window
 *   COMPRESSION_INVALID           gzip or zstd that is truncated, damaged, or followed by something else
 *   GRPC_ENCODING_MISSING         a message that says that it is compressed, in a call that does not say how
 *   GRPC_MESSAGE_INVALID          a call without a message, with several, or with one of another length than announced
 *   KEY_EXPIRED                   the ingest key was revoked, or is over its date
 *   KEY_MISSING                   no ingest key, and one is needed
 *   KEY_UNKNOWN                   no such ingest key
 *   METHOD_NOT_ALLOWED            traces are sent with POST
 *   SIGNAL_NOT_SUPPORTED          no service of OTLP that we answer: profiles
 *   UNSUPPORTED_CONTENT_ENCODING  not gzip, zstd or identity
 *   UNSUPPORTED_CONTENT_TYPE      neither application/x-protobuf nor application/json
 *
 * Too much of it (nothing was stored; try again later):
 *   QUOTA_EXCEEDED  the spans that the ingest key may send on a day
 *   RATE_EXCEEDED   the bytes that it may send a second
 *
 * We are (nothing was stored; try again):
 *   IN_FLIGHT_FULL   bodies under way reach `inFlightBytesMax`
 *   JOURNAL_BUSY     blocks that wait for the disk reach `waitingBytesMax`
 *   JOURNAL_CLOSED   the process is ending
 *   JOURNAL_FAILED   the disk refused a write or an fsync
 *   JOURNAL_FULL     files that wait for their insert reach `bytesMax`
 */
export type CollectorErrorCode =
  | "BODY_ABORTED"
  | "BODY_TOO_LARGE"
  | "COMPRESSION_INVALID"
  | "GRPC_ENCODING_MISSING"
  | "GRPC_MESSAGE_INVALID"
  | "IN_FLIGHT_FULL"
  | "JOURNAL_BUSY"
  | "JOURNAL_CLOSED"
  | "JOURNAL_FAILED"
  | "JOURNAL_FULL"
  | "KEY_EXPIRED"
  | "KEY_MISSING"
  | "KEY_UNKNOWN"
  | "METHOD_NOT_ALLOWED"
  | "QUOTA_EXCEEDED"
  | "RATE_EXCEEDED"
  | "SIGNAL_NOT_SUPPORTED"
  | "UNSUPPORTED_CONTENT_ENCODING"
  | "UNSUPPORTED_CONTENT_TYPE";

export class CollectorError extends Error {
  readonly code: CollectorErrorCode;
  /** When to try again, where it is known better than by the code. */
  readonly retryAfterS: number | undefined;

  constructor(code: CollectorErrorCode, message: string, cause?: unknown, retryAfterS?: number) {
    super(message, { cause });
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

/** The `code` of an error of ours or of the system; "" when it has none. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}
