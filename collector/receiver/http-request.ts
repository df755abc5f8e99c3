import type { IncomingMessage, ServerResponse } from "node:http";
import type { Authorize, Grant } from "../auth/key-ring.ts";
import { CollectorError } from "../collector-error.ts";
import type { Counters } from "../counters.ts";
import type { BodyEncoding } from "../decode/decoded-block.ts";
import type { Signal } from "../signal.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { toCompression } from "./decompress.ts";
import type { Acceptance, Intake } from "./intake.ts";
import type { OtlpEncoding } from "./otlp-message.ts";
import { readChunks, withBody } from "./read-body.ts";
import { sendRefusal, toRefusal } from "./refusal.ts";

export interface HttpReceiverOptions {
  readonly intakes: Readonly<Record<Signal, Intake>>;
  /** `refused_requests{reason}`, by error code. */
  readonly counters: Counters;
  /** Asked before anything of a request but its headers is looked at. */
  readonly authorize: Authorize;
  readonly bodyBytesMax: number;
  /** Bytes of the bodies of all receivers together. */
  readonly budget: ByteBudget;
  /** Told of errors that are our fault; the client gets a 500. */
  readonly log: (message: string) => void;
}

/** A request whose key was checked, and whose body is not read yet. */
interface HttpCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly signal: Signal;
  readonly encoding: BodyEncoding;
  readonly grant: Grant;
}

/**
 * What every receiver of HTTP does with a request: its body, read within the limits, goes to the signal's intake. Throws
 * what `toRefusal` knows; nothing was stored then.
 */
export async function takeRequest(
  { request, response, signal, encoding, grant }: HttpCall,
  { intakes, budget, bodyBytesMax: bytesMax }: HttpReceiverOptions,
): Promise<Acceptance> {
  // Exactly one encoding: "gzip, gzip" would be inflated twice, and is asked for by nobody honest.
  const compression = toCompression(request.headers["content-encoding"]);
  if (compression === undefined) {
    const message = "content encoding must be gzip, zstd or identity";
    throw new CollectorError("UNSUPPORTED_CONTENT_ENCODING", message);
  }
  const declaredBytes = Number(request.headers["content-length"] ?? 0);
  return await withBody(
    askForChunks(request, response),
    { compression, declaredBytes, bytesMax, budget, onBytes: grant.countBytes },
    (body) => intakes[signal].accept(body, encoding, grant),
  );
}

/** A client that waits to be told (`Expect: 100-continue`) is told once its body is wanted; else it gets the refusal alone. */
async function* askForChunks(request: IncomingMessage, response: ServerResponse) {
  if (request.headers.expect !== undefined) response.writeContinue();
  yield* readChunks(request);
}

export async function refuseRequest(
  request: IncomingMessage,
  response: ServerResponse,
  encoding: OtlpEncoding,
  error: unknown,
  { counters, log }: HttpReceiverOptions,
): Promise<void> {
  const refusal = toRefusal(error);
  counters.add("refused_requests", 1, refusal.code);
  if (refusal.code === "INTERNAL") log(`a request failed: ${error}`);
  await sendRefusal(request, response, encoding, refusal);
}
