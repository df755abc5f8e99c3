import { encodeAttribute } from "./encode-attribute.ts";
import { type ResourceSettings, toResourceAttributes } from "./resource-attributes.ts";

/** OTLP's Resource message. */
export function encodeResource(settings: ResourceSettings): Uint8Array {
  const attributes = Object.entries(toResourceAttributes(settings)).map(([key, value]) =>
    encodeAttribute(0x0a, key, value),
  );
  return Buffer.concat(attributes);
}
