import { types } from "node:util";

/** A command of MongoDB as a JSON document without its values, and the values apart. */
export interface ScannedCommand {
  /** `{"find":"users","filter":{"age":{"$gt":"?"}}}`; equal neighbours in a list are one. */
  readonly text: string;
  /** For the hash; undefined when they are too many, or of a kind that only the application's code can read. */
  readonly values: readonly unknown[] | undefined;
}

/** Names of BSON's types by their prototypes: values that are objects and hold no document. */
export type BsonTypes = ReadonlyMap<object, string>;

/** Fields that say what is asked for; all others are settings of the driver's. */
const queryFields = new Set(
  (
    "filter query q u key keyPattern sort projection fields pipeline update updates deletes limit skip hint " +
    "arrayFilters collation let upsert multi remove new indexes ops"
  ).split(" "),
);
const depthMax = 16;
/** Values and names that are looked at in one command; a list of ids may be long. */
const nodesMax = 5_000;
const textCharactersMax = 16_384;
const value = '"?"';

/** `name` is the command's, and the name of its first field; `collection` is "" when it has none. */
export function scanCommand(
  command: object,
  { name, collection, bsonTypes }: { name: string; collection: string; bsonTypes: BsonTypes },
): ScannedCommand {
  const scan = new CommandScan(bsonTypes);
  const about = collection === "" ? value : JSON.stringify(collection);
  // Its first field is the cursor's number.
  const head = name === "getMore" ? `"getMore":${value},"collection"` : JSON.stringify(name);
  let text = `{${head}:${about}`;
  for (const field of Object.keys(command)) {
    if (field !== name && queryFields.has(field))
      text += `,"${field}":${scan.shapeOf(read(command, field), 0)}`;
  }
  text += "}";
  return text.length > textCharactersMax
    ? { text: `{${JSON.stringify(name)}:${value}}`, values: undefined }
    : { text, values: scan.values };
}

class CommandScan {
  values: unknown[] | undefined = [];
  readonly #bsonTypes: BsonTypes;
  #nodes = 0;

  constructor(bsonTypes: BsonTypes) {
    this.#bsonTypes = bsonTypes;
  }

  shapeOf(it: unknown, depth: number): string {
    this.#nodes += 1;
    if (this.#nodes > nodesMax || depth === depthMax) {
      this.values = undefined;
      return value;
    }
    if (typeof it !== "object" || it === null) return this.#add(it);
    if (types.isProxy(it)) return this.#add(it);
    if (Array.isArray(it)) return this.#listShape(it, depth);
    const prototype = Object.getPrototypeOf(it) as object | null;
    if (prototype === Object.prototype || prototype === null) return this.#documentShape(it, depth);
    return this.#add(this.#toPrimitives(it, prototype));
  }

  #add(it: unknown): string {
    this.values?.push(it);
    return value;
  }

  /** Of an ObjectId and its kin, by the driver's own method; dates and bytes stay. */
  #toPrimitives(it: object, prototype: object): unknown {
    const type = this.#bsonTypes.get(prototype);
    return type === undefined ? it : [type, String(Reflect.apply(prototype.toString, it, []))];
  }

  #listShape(list: readonly unknown[], depth: number): string {
    // Otherwise the values of two lists could be shared out in another way and look equal.
    this.values?.push(list.length);
    let text = "[";
    let last = "";
    for (let i = 0; i < list.length && this.#nodes <= nodesMax; i += 1) {
      const item = this.shapeOf(read(list, i), depth + 1);
      if (item === last) continue;
      text += last === "" ? item : `,${item}`;
      last = item;
    }
    return `${text}]`;
  }

  #documentShape(document: object, depth: number): string {
    let text = "{";
    for (const key of Object.keys(document)) {
      if (this.#nodes > nodesMax) break;
      const name = toFieldName(key);
      if (name.isHidden) this.values?.push(key);
      text += `${text === "{" ? "" : ","}${name.json}:${this.shapeOf(read(document, key), depth + 1)}`;
    }
    return `${text}}`;
  }
}

/** A getter is the application's code: it is not run. */
function read(from: object, key: string | number): unknown {
  return Object.getOwnPropertyDescriptor(from, key)?.value;
}

interface FieldName {
  readonly json: string;
  /** Whether a part of it was taken for a value. */
  readonly isHidden: boolean;
}

const namesMax = 2_000;
const names = new Map<string, FieldName>();

/** A path of fields: of `prices.2024-11-22` the second part is no name but a value, and becomes `?`. */
function toFieldName(key: string): FieldName {
  const known = names.get(key);
  if (known !== undefined) return known;
  const path = key.slice(0, 256).split(".");
  const parts = path.map((part) => (isName(part) ? part : "?"));
  const name = { json: JSON.stringify(parts.join(".")), isHidden: parts.includes("?") };
  if (names.size < namesMax) names.set(key, name);
  return name;
}

/** Names of fields, `$set`, `$`, `$[]`; not numbers, dates, addresses, or ids in hexadecimal. */
function isName(part: string): boolean {
  const digits = part.replace(/\D+/g, "").length;
  return /^(?:\$?[A-Za-z_][\w-]{0,39}|\$(?:\[\w*\])?)$/.test(part) && digits <= 4;
}
