import type { Signal } from "../signal.ts";
import type { DecodeRequest } from "./decode-request.ts";
import type { DecodeContext, DecodedBlock, OtlpEncoding } from "./decoded-block.ts";
import { toProtobuf } from "./json-to-protobuf.ts";
import { createLogDecoder } from "./log-decoder.ts";
import { createMetricDecoder } from "./metric-decoder.ts";
import { type ProtobufRequest, RequestDecoder, type RowDecoder } from "./request-decoder.ts";
import { createSpanDecoder } from "./span-decoder.ts";

const rowDecoders: Readonly<Record<Signal, (request: DecodeRequest) => RowDecoder>> = {
  traces: createSpanDecoder,
  metrics: createMetricDecoder,
  logs: createLogDecoder,
};

/**
 * Decodes an OTLP export request of a signal. Equal requests give equal bytes in both encodings. Throws DecodeError when
 * the request can't be read or breaks a limit; nothing of it is then used.
 */
export function decodeOtlp(
  signal: Signal,
  body: Uint8Array,
  encoding: OtlpEncoding,
  context: DecodeContext,
): DecodedBlock {
  const { anyValueDepthMax } = context.limits;
  const protobuf = encoding === "json" ? toProtobuf(signal, body, anyValueDepthMax) : body;
  return decodeTogether(signal, [{ body: protobuf, context }])[0]!;
}

/**
 * Decodes requests in protobuf into one block, which all results have. A block costs ClickHouse the same whether it holds
 * few rows or many. Throws DecodeError when one of the requests can't be read; then nothing of any is used.
 */
export function decodeTogether(
  signal: Signal,
  requests: readonly ProtobufRequest[],
): DecodedBlock[] {
  const decoder = decoders.get(signal) ?? new RequestDecoder(rowDecoders[signal]);
  decoders.set(signal, decoder);
  return decoder.decode(requests);
}

/** Made when first needed: columns take memory. */
const decoders = new Map<Signal, RequestDecoder>();
