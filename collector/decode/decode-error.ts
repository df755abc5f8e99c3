/**
 * Each code is stable and searchable.
 *
 * The request is at fault (answer 400, InvalidArgument; never worth a retry):
 *   TRUNCATED_PROTOBUF  a field runs past the end of its message
 *   INVALID_PROTOBUF    a varint over ten bytes, a group, field number 0
 *   INVALID_JSON        no JSON, or a field of another type than OTLP's
 *   NESTING_TOO_DEEP    an AnyValue in more levels than `anyValueDepthMax`
 *   TOO_MANY_VALUES     JSON of more than `jsonValuesMax` values
 *   TOO_MANY_ROWS       more than `rowsMax` spans, or rows of another signal
 *   BLOCK_TOO_LARGE     the block is over `blockBytesMax`
 *
 * We are (answer 503):
 *   DECODER_BUSY        the queue of bodies is full; try again
 *   DECODER_FAILED      the worker that held the body ended
 *   DECODER_CLOSED      called after `close`
 */
export type DecodeErrorCode =
  | "TRUNCATED_PROTOBUF"
  | "INVALID_PROTOBUF"
  | "INVALID_JSON"
  | "NESTING_TOO_DEEP"
  | "TOO_MANY_VALUES"
  | "TOO_MANY_ROWS"
  | "BLOCK_TOO_LARGE"
  | "DECODER_BUSY"
  | "DECODER_FAILED"
  | "DECODER_CLOSED";

/** Nothing of the request was used. */
export class DecodeError extends Error {
  readonly code: DecodeErrorCode;

  constructor(code: DecodeErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
