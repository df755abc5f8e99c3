import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createParamsHash, hashedCharactersMax } from "./params-hash.ts";

const statement = "SELECT name FROM products WHERE id = $1";
const withKey = (key: string | undefined) => {
  const hash = createParamsHash(key);
  return (params: unknown) => hash(statement, params)?.text;
};
const hashParams = withKey("a key");

const primitive = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.bigInt(),
  fc.boolean(),
  fc.constantFrom(null, undefined, Number.NaN),
);
const bytes = fc.uint8Array().map((array) => Buffer.from(array));
const param = fc.oneof(primitive, fc.date(), bytes, fc.array(primitive));

function refuse(): never {
  throw new Error("the application's code was called");
}

describe("hash of parameters", () => {
  it("is 16 lower-case hex digits, and equal for equal parameters", () => {
    fc.assert(
      fc.property(fc.array(param), (params) => {
        const hash = hashParams(params);
        expect(hash).toMatch(/^[0-9a-f]{16}$/);
        expect(hashParams(structuredClone(params).map(toBuffer))).toBe(hash);
      }),
    );
  });

  it("differs for parameters that differ, in a value or in where one value ends", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        expect(hashParams(one) === hashParams(other)).toBe(isSame);
      }),
    );
  });

  it("distinguishes types and nesting", () => {
    const lists = [
      [1],
      ["1"],
      [1n],
      [true],
      ["true"],
      [null],
      [undefined],
      ["null"],
      [new Date(1)],
      [Buffer.from("1")],
      [[1]],
      [["1"]],
      [[]],
      [],
      ["a", "b"],
      [["a", "b"]],
      [["a"], "b"],
      ["as1:b"],
    ];
    expect(new Set(lists.map(hashParams)).size).toBe(lists.length);
  });

  it("without parameters is that of an empty list", () => {
    expect(hashParams(undefined)).toMatch(/^[0-9a-f]{16}$/);
    expect(withKey("a key")(undefined)).toBe(hashParams(undefined));
  });

  it("differs with another key, and without one in every process", () => {
    const hashes = [hashParams, withKey("b"), withKey(undefined)];
    hashes.push(withKey(undefined));
    expect(new Set(hashes.map((hash) => hash(["alice"]))).size).toBe(4);
  });

  it("is missing for objects, and runs none of their code", () => {
    class Money {
      toJSON = refuse;
      toPostgres = refuse;
      toString = refuse;
      valueOf = refuse;
      [Symbol.toPrimitive] = refuse;
    }
    const array: unknown[] = [];
    Object.defineProperty(array, 0, { get: refuse, enumerable: true });
    const proxy = new Proxy([1], { get: refuse, getOwnPropertyDescriptor: refuse, has: refuse });
    const values = [new Money(), {}, new Map(), Symbol("s"), refuse, array, proxy, [new Date()]];

    for (const value of values) expect(hashParams([1, value])).toBeUndefined();
    for (const list of [array, proxy, new Money()]) {
      expect(hashParams(list)).toBeUndefined();
    }
  });

  it("reads dates and buffers past what an application has put on them", () => {
    const date = Object.assign(new Date(5), { getTime: refuse, toJSON: refuse, valueOf: refuse });
    const buffer = Object.assign(Buffer.from("x"), { toString: refuse, toJSON: refuse });
    Object.defineProperty(buffer, "length", { get: refuse });
    Object.defineProperty(buffer, "buffer", { get: refuse });
    expect(hashParams([date, buffer])).toBe(hashParams([new Date(5), Buffer.from("x")]));
  });

  it("is missing for parameters over the limit, rather than made of a part of them", () => {
    expect(hashParams(["x".repeat(hashedCharactersMax)])).toBeUndefined();
    expect(hashParams(["x".repeat(hashedCharactersMax - 20)])).toBeDefined();
    expect(hashParams([Array(hashedCharactersMax).fill(1)])).toBeUndefined();
  });
});

describe("a hash that is asked for later", () => {
  it("of a text is that of a list of it alone", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        expect(hashParams(text)).toBe(hashParams([text]));
      }),
    );
  });

  it("is that of the call, whatever the application does to its values meanwhile", () => {
    const hash = createParamsHash("a key");
    const inner = ["a"];
    const bytes = Buffer.from("a");
    const date = new Date(5);
    const lists: unknown[][] = [[7], [7, "a"], [7, inner], [7, bytes], [7, date]];
    const expected = lists.map(hashParams);
    const asked = lists.map((list) => hash(statement, list));
    for (const list of lists) list[0] = 8;
    inner[0] = "b";
    bytes[0] = 0x62;
    date.setTime(6);
    expect(asked.map((one) => one?.text)).toEqual(expected);
  });

  it("is the same in whatever order they are asked for", () => {
    const hash = createParamsHash("a key");
    const lists = [
      [1],
      ["a", null],
      undefined,
      [],
      [1.5, true, "x".repeat(200)],
      ["x".repeat(128)],
    ];
    const asked = lists.map((list) => hash(statement, list));
    expect(asked.toReversed().map((one) => one?.text)).toEqual(
      lists.toReversed().map((list) => hashParams(list)),
    );
  });
});

/** structuredClone makes a Uint8Array of a Buffer. */
function toBuffer(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}

it("a value that is written into the statement counts as a parameter", () => {
  const hash = createParamsHash("a key");
  const seven = hash("SELECT name FROM products WHERE id = 7", undefined)?.text;
  expect(hash("SELECT name FROM products WHERE id = 7", undefined)?.text).toBe(seven);
  expect(hash("SELECT name FROM products WHERE id = 8", undefined)?.text).not.toBe(seven);
});

it("a statement and its parameters can't be cut in another place", () => {
  const hash = createParamsHash("a key");
  expect(hash("a1;s1:b", [])?.text).not.toBe(hash("a", ["b"])?.text);
});
