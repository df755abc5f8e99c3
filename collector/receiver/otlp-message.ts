import type { OtlpEncoding } from "../decode/decoded-block.ts";
import { rowNames, type Signal } from "../signal.ts";
import { bytesField, varintField } from "./protobuf-fields.ts";

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

/**
 * An `ExportTraceServiceResponse`, or another signal's, which have the same fields. Its `partial_success` must be unset
 * when there is nothing to say; with a message and nothing rejected it is a warning.
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
    return Buffer.from(JSON.stringify(message === "" ? {} : { partialSuccess }));
  }
  if (message === "") return Buffer.alloc(0);
  const count = rejected === 0 ? Buffer.alloc(0) : varintField(1, rejected);
  return bytesField(1, Buffer.concat([count, bytesField(2, Buffer.from(message))]));
}

/** As OTLP JSON names the count: `rejectedSpans`. */
const rejectedNames = Object.fromEntries(
  Object.entries(rowNames).map(([signal, name]) => [signal, toCamelCase(`rejected_${name}`)]),
) as Readonly<Record<Signal, string>>;

function toCamelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
