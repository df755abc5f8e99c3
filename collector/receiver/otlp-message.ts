import type { OtlpEncoding } from "../decode/decoded-block.ts";
import { rowNames, type Signal } from "../signal.ts";

export type { OtlpEncoding };

export const contentTypes: Readonly<Record<OtlpEncoding, string>> = {
  protobuf: "application/x-protobuf",
  json: "application/json",
};

/** The encoding that a Content-Type header names, whatever its case and parameters. */
export function toEncoding(contentType: string | undefined): OtlpEncoding | undefined {
  const mediaType = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  if (mediaType === contentTypes.protobuf) return "protobuf";
  return mediaType === contentTypes.json ? "json" : undefined;
}

/** A `google.rpc.Status`: what every OTLP/HTTP error carries. */
export function encodeStatus(encoding: OtlpEncoding, code: number, message: string): Buffer {
  if (encoding === "json") return Buffer.from(JSON.stringify({ code, message }));
  return Buffer.concat([varintField(1, code), bytesField(2, Buffer.from(message))]);
}

/**
 * An `ExportTraceServiceResponse`, or another signal's, which have the same fields; its `partial_success` must be unset
 * when nothing was rejected.
 */
export function encodeResponse(
  signal: Signal,
  encoding: OtlpEncoding,
  rejected: number,
  message: string,
): Buffer {
  if (encoding === "json") {
    // 64-bit integers are strings in OTLP JSON.
    const partialSuccess = { [rejectedNames[signal]]: String(rejected), errorMessage: message };
    return Buffer.from(JSON.stringify(rejected === 0 ? {} : { partialSuccess }));
  }
  if (rejected === 0) return Buffer.alloc(0);
  const partial = [varintField(1, rejected), bytesField(2, Buffer.from(message))];
  return bytesField(1, Buffer.concat(partial));
}

/** As OTLP JSON names the count: `rejectedSpans`. */
const rejectedNames = Object.fromEntries(
  Object.entries(rowNames).map(([signal, name]) => [signal, toCamelCase(`rejected_${name}`)]),
) as Readonly<Record<Signal, string>>;

function toCamelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function varintField(field: number, value: number): Buffer {
  return Buffer.concat([Buffer.of(field << 3), varint(value)]);
}

function bytesField(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of((field << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
}
