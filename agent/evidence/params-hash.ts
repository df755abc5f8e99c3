import { createHash, randomBytes } from "node:crypto";
import { types } from "node:util";
import { wordToHex } from "../tracing/hex-words.ts";
import type { CalledStatement } from "./called-statement.ts";
import { SipHash } from "./sip-hash.ts";

/**
 * 64 bits, in two words that are signed. Of a few plain values they are made when somebody asks for them, and so where many
 * spans are written one after the other: at each call the code of it would be fetched anew.
 */
export class ParamsHash {
  readonly #writer: ParamsWriter;
  readonly #key: Int32Array;
  /** What it is to be made of; undefined once it is made. */
  #values: readonly unknown[] | undefined;
  #high = 0;
  #low = 0;

  /** `values` are such as nobody can change. */
  constructor(writer: ParamsWriter, key: Int32Array, values: readonly unknown[] | undefined) {
    this.#writer = writer;
    this.#key = key;
    this.#values = values;
  }

  get high(): number {
    if (this.#values !== undefined) this.#makeOfValues(this.#values);
    return this.#high;
  }

  get low(): number {
    if (this.#values !== undefined) this.#makeOfValues(this.#values);
    return this.#low;
  }

  /** Of parameters that may change later on. Whether that could be told. */
  make(params: unknown): boolean {
    this.#writer.start(this.#key);
    const isTold = this.#writer.write(typeof params === "string" ? [params] : params);
    if (isTold) this.#finish();
    return isTold;
  }

  #makeOfValues(values: readonly unknown[]): void {
    this.#values = undefined;
    this.#writer.start(this.#key);
    this.#writer.writeValues(values);
    this.#finish();
  }

  #finish(): void {
    const { hash } = this.#writer;
    hash.finish();
    this.#high = hash.high;
    this.#low = hash.low;
  }

  /** 16 lower-case hex digits. */
  get text(): string {
    return wordToHex(this.high) + wordToHex(this.low);
  }
}

/**
 * Equal for equal parameters of an equal statement, or undefined when they can't be told without running the application's code
 * (an object's `toJSON`, `toPostgres`, getters) or are larger than `hashedCharactersMax`.
 */
export type HashParams = (
  statement: string,
  /** A list; a text is a list of one. */
  params: unknown,
  /** Keeps the key of this very statement. */
  called?: Pick<CalledStatement, "paramsKey">,
) => ParamsHash | undefined;

/** Half a hash would make different parameters look equal; beyond this there is none. */
export const hashedCharactersMax = 65_536;

/** Statements whose keys are remembered, and the characters of all of them. */
const statementsMax = 2_000;
const charactersMax = 4_000_000;

/**
 * The statement counts as well: what an ORM wrote into its text is a parameter that the collector no longer sees.
 *
 *   secret, random or of `key` ── SHA-256 with the statement ─▶ its key, remembered ── SipHash of the parameters
 *
 * Parameters themselves never leave the process. The hash is keyed, so nobody can find them by hashing guesses: the
 * secret is random for each process, or derived from `key` where processes shall be comparable.
 */
export function createParamsHash(key: string | undefined): HashParams {
  const secret = key === undefined ? randomBytes(32) : createHash("sha256").update(key).digest();
  const keys = new StatementKeys(secret);
  const writer = new ParamsWriter();
  return (statement, params, called) => {
    const statementKey = called?.paramsKey ?? keys.of(statement);
    if (called !== undefined) called.paramsKey = statementKey;
    const values = toKeptValues(params);
    const hash = new ParamsHash(writer, statementKey, values);
    return values !== undefined || hash.make(params) ? hash : undefined;
  };
}

/** More, and longer texts, are hashed at once: of a span that waits to be sent little is kept. */
const keptValuesMax = 8;
const keptCharactersMax = 128;
const noValues: readonly unknown[] = [];

/** A copy of a list that holds plain values only; undefined of any other. */
function toKeptValues(params: unknown): readonly unknown[] | undefined {
  if (params === undefined) return noValues;
  if (typeof params === "string") return isKeptValue(params) ? [params] : undefined;
  if (!isPlainArray(params) || params.length > keptValuesMax) return undefined;
  const values = new Array<unknown>(params.length);
  for (let index = 0; index < values.length; index += 1) {
    if (isGetter(params, index)) return undefined;
    const value = params[index];
    if (!isKeptValue(value)) return undefined;
    values[index] = value;
  }
  return values;
}

function isKeptValue(value: unknown): boolean {
  if (typeof value === "string") return value.length <= keptCharactersMax;
  return typeof value === "number" || typeof value === "boolean" || value == null;
}

/** The key of each statement. Without the secret none can be told from another, for a key is a part of a digest. */
class StatementKeys {
  readonly #secret: Buffer;
  #keys = new Map<string, Int32Array>();
  #characters = 0;

  constructor(secret: Buffer) {
    this.#secret = secret;
  }

  of(statement: string): Int32Array {
    const known = this.#keys.get(statement);
    if (known !== undefined) return known;
    const digest = createHash("sha256").update(this.#secret).update(statement).digest();
    const key = Int32Array.of(...[0, 4, 8, 12].map((at) => digest.readInt32LE(at)));
    this.#remember(statement, key);
    return key;
  }

  /** All are forgotten at once when they are too many: those that matter are back with their next call. */
  #remember(statement: string, key: Int32Array): void {
    const isFull =
      this.#keys.size >= statementsMax || this.#characters + statement.length > charactersMax;
    if (isFull) {
      this.#keys = new Map();
      this.#characters = 0;
    }
    this.#keys.set(statement, key);
    this.#characters += statement.length;
  }
}

/** First words of values, so that no two lists of parameters are written alike. */
const type = {
  list: 1,
  string: 2,
  integer: 3,
  double: 4,
  bigint: 5,
  true: 6,
  false: 7,
  undefined: 8,
  null: 9,
  date: 10,
  bytes: 11,
  nested: 12,
} as const;

/** Added to the types of a list of one: it goes without its head, a quarter of what there is to hash of a number. */
const alone = 16;

/** Writes each value as type, length or value, and content, in words, into a hash. */
class ParamsWriter {
  readonly hash = new SipHash();
  /** In all types of this list: 0 or `alone`. */
  #marks = 0;
  /** What may still be written. */
  #charactersLeft = 0;

  start(key: Int32Array): void {
    this.hash.start(key);
    this.#charactersLeft = hashedCharactersMax;
    this.#marks = 0;
  }

  /** False when it can't be told, or is too much. */
  write(params: unknown): boolean {
    if (!isPlainArray(params)) return false;
    if (!this.#listHead(params)) return false;
    for (let index = 0; index < params.length; index += 1) {
      if (isGetter(params, index)) return false;
      const value = params[index];
      if (!this.#primitive(value) && !this.#object(value)) return false;
    }
    return true;
  }

  /** Of a few plain values, which are neither too much nor anybody's code. */
  writeValues(values: readonly unknown[]): void {
    this.#listHead(values);
    for (let index = 0; index < values.length; index += 1) this.#primitive(values[index]);
  }

  #listHead({ length }: readonly unknown[]): boolean {
    if (length !== 1) return this.#head(type.list, length, 1);
    this.#marks = alone;
    return true;
  }

  /** `low` is the value itself, or what makes two contents of a type differ in length. */
  #head(kind: number, low: number, characters: number): boolean {
    this.#charactersLeft -= characters;
    if (this.#charactersLeft < 0) return false;
    this.hash.add(low, kind | this.#marks);
    return true;
  }

  #primitive(value: unknown): boolean {
    switch (typeof value) {
      case "string":
        return this.#text(type.string, value);
      case "number":
        return this.#number(value);
      case "bigint":
        return this.#text(type.bigint, value.toString());
      case "boolean":
        return this.#head(value ? type.true : type.false, 0, 1);
      case "undefined":
        return this.#head(type.undefined, 0, 1);
      default:
        return value === null && this.#head(type.null, 0, 1);
    }
  }

  #number(value: number): boolean {
    const integer = value | 0;
    // Minus zero is zero to a database, too.
    if (integer === value) return this.#head(type.integer, integer, 1);
    return this.#double(type.double, value);
  }

  #double(kind: number, value: number): boolean {
    if (!this.#head(kind, 0, 2)) return false;
    doubles[0] = value;
    this.hash.add(wordsOfDoubles[0]!, wordsOfDoubles[1]!);
    return true;
  }

  /** Four UTF-16 units a word, read at one place: what V8 makes of `charCodeAt` is long, wherever it stands. */
  #text(kind: number, text: string): boolean {
    const { length } = text;
    if (!this.#head(kind, length, length + 1)) return false;
    let low = 0;
    let high = 0;
    for (let i = 0; i < length; i += 1) {
      const unit = text.charCodeAt(i) << ((i & 1) << 4);
      if ((i & 2) === 0) low |= unit;
      else high |= unit;
      if ((i & 3) === 3) {
        this.hash.add(low, high);
        low = 0;
        high = 0;
      }
    }
    if ((length & 3) !== 0) this.hash.add(low, high);
    return true;
  }

  #object(value: unknown): boolean {
    if (types.isDate(value)) return this.#double(type.date, Date.prototype.getTime.call(value));
    if (types.isUint8Array(value)) return this.#bytes(value);
    if (!isPlainArray(value) || !this.#head(type.nested, value.length, 1)) return false;
    for (let index = 0; index < value.length; index += 1) {
      if (isGetter(value, index) || !this.#primitive(value[index])) return false;
    }
    return true;
  }

  #bytes(value: Uint8Array): boolean {
    // Copied by its internal slots: a property of the same name on the object is not read.
    const bytes = new Uint8Array(value);
    if (!this.#head(type.bytes, bytes.length, bytes.length + 1)) return false;
    for (let i = 0; i < bytes.length; i += 8) this.hash.add(wordAt(bytes, i), wordAt(bytes, i + 4));
    return true;
  }
}

const doubles = new Float64Array(1);
const wordsOfDoubles = new Int32Array(doubles.buffer);

/** Beyond the end there are zeros. */
function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

/** `Array.isArray` alone also takes a proxy, whose traps are the application's code. */
function isPlainArray(value: unknown): value is unknown[] {
  return Array.isArray(value) && !types.isProxy(value);
}

const { __lookupGetter__: lookupGetter } = Object.prototype as unknown as {
  __lookupGetter__(key: number): unknown;
};

/** Whether to read the element is to call the application. Costs a fraction of the property's descriptor. */
function isGetter(list: unknown[], index: number): boolean {
  return lookupGetter.call(list, index) !== undefined;
}
