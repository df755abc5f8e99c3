import type { IncomingMessage, ServerResponse } from "node:http";
import { finished } from "node:stream/promises";
import { CollectorError, type CollectorErrorCode, errorCode } from "../collector-error.ts";
import type { DecodeErrorCode } from "../decode/decode-error.ts";
import { contentTypes, type OtlpEncoding } from "./otlp-message.ts";
import { discardRest } from "./read-body.ts";
import { encodeStatus, type RpcStatus } from "./rpc-status.ts";

/** How an error is answered. Only a status of 429 or 503 makes a client of HTTP try again, `retryAfterS` one of gRPC. */
export interface Refusal extends RpcStatus {
  readonly code: string;
  readonly httpStatus: number;
  readonly headers: Readonly<Record<string, string>>;
}

type Kind = readonly [httpStatus: number, rpcCode: number, headers?: Record<string, string>];

const invalid: Kind = [400, 3];
const unsupported: Kind = [415, 3];
/** RFC 6750: whoever shows no key is told the scheme alone. */
const keyMissing: Kind = [401, 16, { "www-authenticate": 'Bearer realm="culprit"' }];
const invalidToken = 'Bearer realm="culprit", error="invalid_token"';
const keyRefused: Kind = [401, 16, { "www-authenticate": invalidToken }];
/** The error says how long it is. */
const overQuota: Kind = [429, 8, { "retry-after": "60" }];
const retrySoon: Kind = [503, 14, { "retry-after": "1" }];
/** The disk or the store must recover first. */
const retryLater: Kind = [503, 14, { "retry-after": "5" }];

const kinds: Readonly<Record<CollectorErrorCode | DecodeErrorCode, Kind>> = {
  BODY_ABORTED: invalid,
  BODY_TOO_LARGE: [413, 8],
  COMPRESSION_INVALID: invalid,
  // As gRPC has it: INTERNAL, which no client tries again.
  GRPC_ENCODING_MISSING: [400, 13],
  GRPC_MESSAGE_INVALID: invalid,
  IN_FLIGHT_FULL: retrySoon,
  JOURNAL_BUSY: retrySoon,
  JOURNAL_CLOSED: retryLater,
  JOURNAL_FAILED: retryLater,
  JOURNAL_FULL: retryLater,
  KEY_EXPIRED: keyRefused,
  KEY_MISSING: keyMissing,
  KEY_UNKNOWN: keyRefused,
  METHOD_NOT_ALLOWED: [405, 12, { allow: "POST" }],
  QUOTA_EXCEEDED: overQuota,
  RATE_EXCEEDED: overQuota,
  SIGNAL_NOT_SUPPORTED: [404, 12],
  UNSUPPORTED_CONTENT_ENCODING: [415, 12],
  UNSUPPORTED_CONTENT_TYPE: unsupported,
  TRUNCATED_PROTOBUF: invalid,
  INVALID_PROTOBUF: invalid,
  INVALID_JSON: invalid,
  NESTING_TOO_DEEP: invalid,
  TOO_MANY_VALUES: invalid,
  TOO_MANY_ROWS: invalid,
  BLOCK_TOO_LARGE: invalid,
  DECODER_BUSY: retrySoon,
  DECODER_FAILED: retrySoon,
  DECODER_CLOSED: retryLater,
};

/** An error without a code of ours is a fault of ours: 500, which is not tried again, and nothing of it is told. */
export function toRefusal(error: unknown): Refusal {
  const code = errorCode(error);
  if (!isKnown(code)) {
    return {
      code: "INTERNAL",
      httpStatus: 500,
      rpcCode: 13,
      message: "internal error",
      retryAfterS: undefined,
      headers: {},
    };
  }
  const [httpStatus, rpcCode, ownHeaders = {}] = kinds[code];
  const ownRetryAfterS = error instanceof CollectorError ? error.retryAfterS : undefined;
  const retryAfter = ownRetryAfterS?.toString() ?? ownHeaders["retry-after"];
  return {
    code,
    httpStatus,
    rpcCode,
    message: (error as Error).message,
    retryAfterS: retryAfter === undefined ? undefined : Number(retryAfter),
    headers: retryAfter === undefined ? ownHeaders : { ...ownHeaders, "retry-after": retryAfter },
  };
}

function isKnown(code: string): code is keyof typeof kinds {
  return Object.hasOwn(kinds, code);
}

/** So long the rest of a refused body is read and thrown away. */
export const lingerMs = 1000;

/**
 * Answers with a Status. A client that is still sending would lose the answer if the connection were closed under it, and
 * then try again: so the answer goes out first, and the connection is closed when the client is done, or soon after.
 */
export async function sendRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  encoding: OtlpEncoding,
  refusal: Refusal,
): Promise<void> {
  const { httpStatus, headers } = refusal;
  const body = encodeStatus(encoding, refusal);
  response.writeHead(httpStatus, {
    ...headers,
    "content-type": contentTypes[encoding],
    "content-length": body.length,
    ...(request.complete ? {} : { connection: "close" }),
  });
  response.write(body);
  if (!request.complete) {
    discardRest(request);
    const signal = AbortSignal.timeout(lingerMs);
    // The client is done, gone, or too slow: the connection is closed in each case.
    await finished(request, { signal }).catch(() => undefined);
  }
  response.end();
}
