import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scanCommand } from "./mongodb-command.ts";

class FakeObjectId {
  readonly #hex: string;

  constructor(hex: string) {
    this.#hex = hex;
  }

  toString(): string {
    return this.#hex;
  }
}

const bsonTypes = new Map<object, string>([[FakeObjectId.prototype, "ObjectId"]]);
const scan = (command: Record<string, unknown>, collection = "users") =>
  scanCommand(command, { name: Object.keys(command)[0]!, collection, bsonTypes });

describe("the text of a command", () => {
  it("has the names of fields and operators, and no value", () => {
    const command = {
      find: "users",
      filter: { age: { $gt: 30 }, "address.city": "Bern", $or: [{ a: 1 }, { a: 2 }, { b: 3 }] },
      sort: { name: 1 },
      limit: 3,
      lsid: { id: "a session" },
    };
    expect(scan(command).text).toBe(
      '{"find":"users","filter":{"age":{"$gt":"?"},"address.city":"?","$or":[{"a":"?"},{"b":"?"}]},' +
        '"sort":{"name":"?"},"limit":"?"}',
    );
  });

  it("is the same for lists of any length, and leaves out the documents of an insert", () => {
    const listed = (ids: number[]) => scan({ find: "users", filter: { _id: { $in: ids } } }).text;
    expect(listed([1])).toBe('{"find":"users","filter":{"_id":{"$in":["?"]}}}');
    expect(listed([1, 2, 3])).toBe(listed([1]));
    expect(scan({ insert: "users", documents: [{ name: "Ann" }] }).text).toBe('{"insert":"users"}');
  });

  it("hides what looks like a value in the name of a field", () => {
    const keys = [
      "prices.2024-11-22",
      "items.0.price",
      "by.ann@example.org",
      "seen.64f0c2aa91b2c3d4e5f60718",
    ];
    const $set = Object.fromEntries(
      [...keys, "line2", "tags.$[]", "rows.$[row].n"].map((key) => [key, 1]),
    );
    expect(scan({ update: "users", updates: [{ q: {}, u: { $set } }] }).text).toBe(
      '{"update":"users","updates":[{"q":{},"u":{"$set":{"prices.?":"?","items.?.price":"?","by.?.org":"?",' +
        '"seen.?":"?","line2":"?","tags.$[]":"?","rows.$[row].n":"?"}}}]}',
    );
  });

  it("does not say to whom a command without a collection is", () => {
    expect(scan({ createUser: "ann", pwd: "secret" }, "").text).toBe('{"createUser":"?"}');
  });

  it("says whose batch is asked for, and not of which cursor", () => {
    expect(scan({ getMore: 7n, collection: "users" }).text).toBe(
      '{"getMore":"?","collection":"users"}',
    );
  });

  it("is valid JSON without any of the values, whatever they are", () => {
    const secret = fc.stringMatching(/^[a-z]{12}$/);
    const filter = fc.dictionary(
      fc.constantFrom("a", "b.c", "$or", "$in"),
      fc.oneof(secret, fc.array(secret), fc.dictionary(fc.constant("d"), fc.array(secret))),
    );
    fc.assert(
      fc.property(filter, (given) => {
        const { text } = scan({ find: "users", filter: given });
        expect(() => JSON.parse(text)).not.toThrow();
        for (const value of JSON.stringify(given).match(/[a-z]{12}/g) ?? []) {
          expect(text).not.toContain(value);
        }
      }),
    );
  });

  it("stops at a limit, and then has no values to hash", () => {
    const deep = JSON.parse(`${'{"a":'.repeat(99)}1${"}".repeat(99)}`);
    expect(scan({ find: "users", filter: deep }).values).toBeUndefined();
    const ids = Array.from({ length: 20_000 }, (_, i) => i);
    const { text, values } = scan({ find: "users", filter: { _id: { $in: ids } } });
    expect(text).toBe('{"find":"users","filter":{"_id":{"$in":["?"]}}}');
    expect(values).toBeUndefined();
    const wide = Object.fromEntries(ids.map((i) => [`field${i % 1000}.${"x".repeat(30)}`, i]));
    expect(scan({ find: "users", filter: wide }).text.length).toBeLessThan(16_385);
  });
});

describe("the values of a command", () => {
  const valuesOf = (filter: object) => scan({ find: "users", filter: filter as never }).values;

  it("are those of its query, with the lengths of lists", () => {
    const day = new Date(0);
    expect(valuesOf({ a: 1, b: ["x", null], c: { $lt: day } })).toEqual([1, 2, "x", null, day]);
    expect(valuesOf({ a: [1], b: [2, 3] })).not.toEqual(valuesOf({ a: [1, 2], b: [3] }));
  });

  it("tell one ObjectId from another, and from a text", () => {
    const id = "64f0c2aa91b2c3d4e5f60718";
    expect(valuesOf({ _id: new FakeObjectId(id) })).toEqual([["ObjectId", id]]);
    expect(valuesOf({ _id: id })).toEqual([id]);
  });

  it("hold names that were hidden", () => {
    expect(valuesOf({ "days.2024": 1 })).toEqual(["days.2024", 1]);
  });

  it("are read without the application's code", () => {
    let calls = 0;
    const trap = () => {
      calls += 1;
      return undefined;
    };
    const listKeys = () => {
      calls += 1;
      return [];
    };
    const proxy = new Proxy({}, { get: trap, ownKeys: listKeys });
    const own = {
      get secret() {
        return trap();
      },
      toJSON: trap,
      toBSON: trap,
    };
    scan({ find: "users", filter: { proxy, own, list: [proxy] } });
    expect(calls).toBe(0);
  });
});
