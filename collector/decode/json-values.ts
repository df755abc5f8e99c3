import { DecodeError } from "./decode-error.ts";
import { jsonValuesMax } from "./decode-limits.ts";

/** The values of OTLP's JSON encoding, checked. Each returns null for a field that is absent or null. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A bare integer of a size that a double may not hold: the text must then be read again, with more care. */
const longInteger = /[:[,\s]-?\d{16}/;

/** Parses JSON; integers that a double can't hold come as bigint. Throws DecodeError. */
export function parseJson(body: Uint8Array): unknown {
  // Most bodies have fewer bytes.
  if (body.length > jsonValuesMax) checkValues(body);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    return longInteger.test(text) ? JSON.parse(text, reviveInteger) : JSON.parse(text);
  } catch (error) {
    // Reviving recurses; parsing doesn't.
    if (error instanceof RangeError) {
      throw new DecodeError("NESTING_TOO_DEEP", "the JSON has too many levels", error);
    }
    throw new DecodeError("INVALID_JSON", "the body is no JSON text in UTF-8", error);
  }
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const bracket = 0x5b;
const brace = 0x7b;

function checkValues(body: Uint8Array): void {
  let values = 0;
  let isText = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]!;
    if (byte === quote) isText = !isText;
    else if (isText) i += byte === backslash ? 1 : 0;
    else if (byte === comma || byte === brace || byte === bracket) values++;
  }
  if (values > jsonValuesMax) {
    const message = `a request may hold ${jsonValuesMax} values of JSON`;
    throw new DecodeError("TOO_MANY_VALUES", message);
  }
}

function reviveInteger(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

export function toObject(value: unknown, field: string): JsonObject | null {
  if (isAbsent(value)) return null;
  if (typeof value !== "object" || Array.isArray(value)) throw wrongType(field, "an object");
  return value as JsonObject;
}

/** The items of a list; empty when the list is absent. */
export function toList(value: unknown, field: string): readonly unknown[] {
  if (isAbsent(value)) return [];
  if (!Array.isArray(value)) throw wrongType(field, "an array");
  return value;
}

/** As `toList`, of objects. */
export function toObjects(value: unknown, field: string): readonly JsonObject[] {
  return toList(value, field).map((item) => toObject(item, field) ?? {});
}

export function toText(value: unknown, field: string): string | null {
  if (isAbsent(value)) return null;
  if (typeof value !== "string") throw wrongType(field, "a string");
  return value;
}

export function toBoolean(value: unknown, field: string): boolean | null {
  if (isAbsent(value)) return null;
  if (typeof value !== "boolean") throw wrongType(field, "true or false");
  return value;
}

/** A 64-bit integer comes as a number or as a decimal string. */
export function toInteger(
  value: unknown,
  field: string,
  { min, max }: { readonly min: bigint; readonly max: bigint },
): bigint | null {
  if (isAbsent(value)) return null;
  const integer = readInteger(value);
  if (integer === null || integer < min || integer > max) {
    throw wrongType(field, `an integer from ${min} to ${max}`);
  }
  return integer;
}

export const int32 = { min: -(2n ** 31n), max: 2n ** 31n - 1n };
export const uint32 = { min: 0n, max: 2n ** 32n - 1n };
/** What a double holds exactly: microseconds of Zipkin. */
export const uint53 = { min: 0n, max: 2n ** 53n - 1n };
export const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
export const uint64 = { min: 0n, max: 2n ** 64n - 1n };

function readInteger(value: unknown): bigint | null {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : null;
  return typeof value === "string" && /^-?\d{1,20}$/.test(value) ? BigInt(value) : null;
}

export function toEnum(value: unknown, field: string): bigint | null {
  // Names of enum values are not allowed in OTLP, nor numbers in quotes.
  if (typeof value === "string") throw wrongType(field, "a number");
  return toInteger(value, field, int32);
}

export function toDouble(value: unknown, field: string): number | null {
  if (isAbsent(value)) return null;
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  const isNumeral =
    typeof value === "string" && /^(?:NaN|-?Infinity|-?[\d.]+(?:e[+-]?\d+)?)$/i.test(value);
  const number = isNumeral ? Number(value) : Number.NaN;
  if (!isNumeral || (Number.isNaN(number) && value !== "NaN")) throw wrongType(field, "a number");
  return number;
}

/** Ids are hex in OTLP's JSON, in either case. What is no hex becomes one byte: an id that no span may have. */
export function toId(value: unknown, field: string): Uint8Array | null {
  const text = toText(value, field);
  if (text === null || text === "") return null;
  const isHex = text.length % 2 === 0 && /^[0-9a-f]+$/i.test(text);
  return isHex ? Buffer.from(text, "hex") : new Uint8Array(1);
}

export function toBase64Bytes(value: unknown, field: string): Uint8Array | null {
  const text = toText(value, field);
  if (text === null) return null;
  if (!/^[\w+/-]*={0,2}$/.test(text)) throw wrongType(field, "base64");
  return Buffer.from(text, "base64");
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function wrongType(field: string, expected: string): DecodeError {
  return new DecodeError("INVALID_JSON", `"${field}" is not ${expected}`);
}
