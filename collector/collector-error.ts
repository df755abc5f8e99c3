/**
 * Each code is documented in ARCHITECTURE.md, stable and searchable; it is also the `reason` under which
 * the receiver counts a refused request.
 */
export type CollectorErrorCode =
  | "BODY_ABORTED"
  | "BODY_TOO_LARGE"
  | "GZIP_INVALID"
  | "IN_FLIGHT_FULL"
  | "JOURNAL_BUSY"
  | "JOURNAL_CLOSED"
  | "JOURNAL_FAILED"
  | "JOURNAL_FULL"
  | "METHOD_NOT_ALLOWED"
  | "SIGNAL_NOT_SUPPORTED"
  | "UNSUPPORTED_CONTENT_ENCODING"
  | "UNSUPPORTED_CONTENT_TYPE";

export class CollectorError extends Error {
  readonly code: CollectorErrorCode;

  constructor(code: CollectorErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** The `code` of an error of ours or of the system; "" when it has none. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}
