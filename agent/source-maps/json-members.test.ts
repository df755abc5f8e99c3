import fc from "fast-check";
import { expect, test } from "vitest";
import { membersOf } from "./json-members.ts";

test("the members of any object or list are those that JSON.parse gives", () => {
  const text = fc.oneof(fc.json(), fc.json({ stringUnit: "binary" }));
  fc.assert(
    fc.property(text, fc.constantFrom(0, 2), (json, indent) => {
      const whole: unknown = JSON.parse(json);
      fc.pre(typeof whole === "object" && whole !== null);
      const members = membersOf(Buffer.from(JSON.stringify(whole, null, indent)));
      const values = members.map(([, value]) => JSON.parse(value.toString("utf8")));
      expect(values).toEqual(Object.values(whole as object));
      const keys = members.map(([key]) => key);
      expect(keys).toEqual(Array.isArray(whole) ? whole.map(() => "") : Object.keys(whole!));
    }),
    { numRuns: 40 },
  );
});

test("an object that is cut off is a syntax error, wherever it is cut", () => {
  const json = Buffer.from('{ "a": [1, {"b": "\\\\\\" }"}], "mappings": "AAAA", "n": -1.5e3 }');
  for (let length = 0; length < json.length; length += 1) {
    expect(() => membersOf(json.subarray(0, length))).toThrow(SyntaxError);
  }
  expect(membersOf(json).map(([key]) => key)).toEqual(["a", "mappings", "n"]);
});

test("what is no object and no list is a syntax error", () => {
  for (const json of ["", "null", '"{}"', "12", "{a: 1}", '{"a" 1}', "<html>"]) {
    expect(() => membersOf(Buffer.from(json))).toThrow(SyntaxError);
  }
});
