import { createHash, hash, randomBytes } from "node:crypto";
import { types } from "node:util";

/**
 * 16 lower-case hex digits that are equal for equal parameters of an equal statement, or undefined when they can't be told without running
 * the application's code (an object's `toJSON`, `toPostgres`, getters) or are larger than `hashedCharactersMax`.
 */
export type HashParams = (statement: string, params: unknown) => string | undefined;

/** Half a hash would make different parameters look equal; beyond this there is none. */
export const hashedCharactersMax = 65_536;

const hashDigits = 16;

/**
 * The statement counts as well: what an ORM wrote into its text is a parameter that the collector no longer sees.
 *
 * Parameters themselves never leave the process. The hash is keyed, so nobody can find them by hashing guesses: the key
 * is random for each process, or derived from `key` where processes shall be comparable.
 */
export function createParamsHash(key: string | undefined): HashParams {
  const secret = key === undefined ? randomBytes(32) : createHash("sha256").update(key).digest();
  const prefix = secret.toString("hex");
  return (statement, params) => {
    const text = encodeParams(params);
    // A prefix is enough of a key here: with 3/4 of the digest cut off, nobody can append to what was hashed.
    if (text === undefined) return undefined;
    return hash("sha256", `${prefix}${statement.length}:${statement}${text}`).slice(0, hashDigits);
  };
}

/** Each value is written as type, length and content, so no two lists of parameters are written alike. */
function encodeParams(params: unknown): string | undefined {
  if (params === undefined) return "";
  if (!isPlainArray(params)) return undefined;
  return encodeList(params, (value) => encodePrimitive(value) ?? encodeObject(value));
}

function encodeList(list: unknown[], encode: (value: unknown) => string | undefined) {
  let text = `${list.length};`;
  for (let index = 0; index < list.length; index += 1) {
    const element = Object.getOwnPropertyDescriptor(list, index);
    if (element?.get !== undefined) return undefined;
    const encoded = encode(element?.value);
    if (encoded === undefined || text.length + encoded.length > hashedCharactersMax) {
      return undefined;
    }
    text += encoded;
  }
  return text;
}

function encodePrimitive(value: unknown): string | undefined {
  switch (typeof value) {
    case "string":
      return `s${value.length}:${value}`;
    case "number":
      return `n${value};`;
    case "bigint":
      return `i${value};`;
    case "boolean":
      return value ? "t" : "f";
    case "undefined":
      return "u";
    default:
      return value === null ? "0" : undefined;
  }
}

function encodeObject(value: unknown): string | undefined {
  if (types.isDate(value)) return `d${Date.prototype.getTime.call(value)};`;
  if (types.isUint8Array(value)) {
    // Copied by its internal slots: a property of the same name on the object is not read.
    const bytes = Buffer.from(new Uint8Array(value).buffer);
    return `b${bytes.length}:${bytes.toString("latin1")}`;
  }
  if (!isPlainArray(value)) return undefined;
  const elements = encodeList(value, encodePrimitive);
  return elements === undefined ? undefined : `a${elements}`;
}

/** `Array.isArray` alone also takes a proxy, whose traps are the application's code. */
function isPlainArray(value: unknown): value is unknown[] {
  return Array.isArray(value) && !types.isProxy(value);
}
