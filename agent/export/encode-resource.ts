import { delimited } from "../tracing/attribute-key.ts";
import { encodeAnyValue } from "./encode-any-value.ts";
import { type ResourceSettings, toResourceAttributes } from "./resource-attributes.ts";

/** OTLP's Resource message. */
export function encodeResource(settings: ResourceSettings): Uint8Array {
  const attributes = Object.entries(toResourceAttributes(settings)).map(([key, value]) =>
    delimited(
      0x0a,
      Buffer.concat([delimited(0x0a, Buffer.from(key)), encodeAnyValue(value) ?? new Uint8Array()]),
    ),
  );
  return Buffer.concat(attributes);
}
