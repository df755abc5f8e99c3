import { delimited } from "../tracing/attribute-key.ts";
import { encodeAnyValue } from "./encode-any-value.ts";

/** OTLP's KeyValue as a field of this tag. */
export function encodeAttribute(tag: number, key: string, value: unknown): Uint8Array {
  const name = delimited(0x0a, Buffer.from(key));
  return delimited(tag, Buffer.concat([name, encodeAnyValue(value) ?? new Uint8Array()]));
}
