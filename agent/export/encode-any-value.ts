import { delimited } from "../tracing/attribute-key.ts";

/** Of a list; more are left out. */
const itemsMax = 128;
const itemCharactersMax = 4_096;

/**
 * Field 2 of OTLP's KeyValue, tag and length included, for what the hot path does not write itself: lists of
 * primitives, and negative integers. Undefined for what no attribute can be.
 */
export function encodeAnyValue(value: unknown): Uint8Array | undefined {
  const message = toAnyValue(value);
  return message && delimited(0x12, message);
}

function toAnyValue(value: unknown): Uint8Array | undefined {
  if (!Array.isArray(value)) return toPrimitive(value);
  const items = value.slice(0, itemsMax).map(toPrimitive);
  // A missing item is an empty value, so that the others keep their places.
  const empty = new Uint8Array();
  return delimited(0x2a, Buffer.concat(items.map((item) => delimited(0x0a, item ?? empty))));
}

function toPrimitive(value: unknown): Uint8Array | undefined {
  switch (typeof value) {
    case "string":
      return delimited(0x0a, Buffer.from(value.slice(0, itemCharactersMax)));
    case "boolean":
      return Uint8Array.of(0x10, value ? 1 : 0);
    case "number":
      return Number.isSafeInteger(value) ? toInteger(value) : toDouble(value);
    default:
      return undefined;
  }
}

function toInteger(value: number): Uint8Array {
  const bytes = [0x18];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function toDouble(value: number): Uint8Array {
  const bytes = Buffer.alloc(9);
  bytes[0] = 0x21;
  bytes.writeDoubleLE(value, 1);
  return bytes;
}
