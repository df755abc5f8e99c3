import type { DecodeContext, DecodedBlock, OtlpEncoding } from "./decoded-block.ts";
import { toProtobuf } from "./json-to-protobuf.ts";
import { TraceDecoder } from "./trace-decoder.ts";

/**
 * Decodes an OTLP ExportTraceServiceRequest. Equal spans give equal bytes in both encodings. Throws DecodeError when the
 * request can't be read or breaks a limit; nothing of it is then used.
 */
export function decodeTraces(
  body: Uint8Array,
  encoding: OtlpEncoding,
  context: DecodeContext,
): DecodedBlock {
  const protobuf = encoding === "json" ? toProtobuf(body, context.limits.anyValueDepthMax) : body;
  decoder ??= new TraceDecoder();
  return decoder.decode(protobuf, context);
}

let decoder: TraceDecoder | undefined;
