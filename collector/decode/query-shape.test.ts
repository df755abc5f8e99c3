import { describe, expect, it } from "vitest";
import { BoundedCache } from "./bounded-cache.ts";
import { toDocumentShape } from "./document-shape.ts";
import { toKeyValueShape } from "./key-value-shape.ts";
import { QueryShapes } from "./query-shape.ts";

describe("a command keeps its name and the prefix of its key", () => {
  it.each([
    ["GET user:42", "GET user:*"],
    ["get session", "GET *"],
    ["SET a secret", "SET *"],
    ["HSET cart:7 item secret", "HSET cart:*"],
    ["hmset cart-items:7 [2 other arguments]", "HMSET cart-items:*"],
    ["GET 42:user", "GET *"],
    ["AUTH user:secret", "AUTH *"],
    ["PING", "PING"],
    ["*3\r\n$3\r\nSET", "*"],
    ["", "*"],
  ])("%j", (text, shape) => {
    expect(toKeyValueShape(text).text).toBe(shape);
  });
});

describe("a document keeps its fields", () => {
  it.each([
    ['{"find":"users","filter":{"_id":7,"$in":[1,2,3]}}', "{find: ?, filter: {_id: ?, $in: [?]}}"],
    ['[{"a":1},{"a":2},{"b":3}]', "[{a: ?}, {b: ?}]"],
    ['{"ann@example.com":1,"bob@example.com":2}', "{?: ?}"],
    ['{"__proto__":{"a":1}}', "{__proto__: {a: ?}}"],
    ['"secret"', "?"],
    ["{secret", "<unparsed 7>"],
  ])("%s", (text, shape) => {
    expect(toDocumentShape(text).text).toBe(shape);
  });

  it("to a bounded depth", () => {
    const deep = `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`;
    expect(toDocumentShape(deep).text.length).toBeLessThan(200);
  });
});

describe("shapes of texts", () => {
  const shapes = new QueryShapes();
  const shapeOf = (text: string, system: string) => {
    const body = Buffer.from(`before${text}after`);
    return shapes.shapeOf(body, 6, body.length - 5, system);
  };

  it("are remembered, for each system", () => {
    const shape = shapeOf('select "a"', "postgresql");
    expect(shapeOf('select "a"', "postgresql")).toBe(shape);
    expect(Buffer.from(shapeOf('select "a"', "mysql").text).toString()).toBe("select ?");
    expect(Buffer.from(shape.text).toString()).toBe('select "a"');
  });

  it("are told apart by all of a long text", () => {
    const long = "a, ".repeat(3_000);
    const one = shapeOf(`select ${long} b from t`, "postgresql");
    expect(shapeOf(`select ${long} c from t`, "postgresql")).not.toBe(one);
    expect(shapeOf(`select ${long} b from t`, "postgresql")).toBe(one);
  });

  it("are held once for all texts that differ in their literals", () => {
    const shape = shapeOf("select a from t where id = 1", "postgresql");
    expect(shapeOf("select a from t where id = 2", "postgresql")).toBe(shape);
    expect(shapeOf("select a from u where id = 2", "postgresql")).not.toBe(shape);
  });

  it("share a cache when the system is none that we know", () => {
    expect(shapeOf("select 1", "made-up-1")).toBe(shapeOf("select 1", "made-up-2"));
  });
});

const toBytes = (text: string) => Buffer.from(text);

function get(cache: BoundedCache<number>, key: string): number | undefined {
  const bytes = Buffer.from(`before ${key} after`);
  return cache.get(bytes, 7, bytes.length - 6);
}

describe("the cache", () => {
  it("keeps what is used and forgets the rest", () => {
    const cache = new BoundedCache<number>({ entriesMax: 10, bytesMax: 1_000 });
    cache.set(toBytes("used"), 0, 1);
    for (let i = 0; i < 100; i++) {
      cache.set(toBytes(`key ${i}`), i, 1);
      expect(get(cache, "used")).toBe(0);
      expect(cache.size).toBeLessThanOrEqual(10);
    }
    expect(get(cache, "key 0")).toBeUndefined();
    expect(get(cache, "key 99")).toBe(99);
  });

  it("is bounded in bytes", () => {
    const cache = new BoundedCache<number>({ entriesMax: 1_000, bytesMax: 100 });
    for (let i = 0; i < 100; i++) cache.set(toBytes(`key ${i}`), i, 20);
    expect(cache.size).toBeLessThanOrEqual(5);
    expect(get(cache, "key 99")).toBe(99);
  });
});
