import fc from "fast-check";
import { expect, it } from "vitest";
import { toKeyTemplate } from "./key-template.ts";

it.each([
  ["order:42:lines", "order:?:?"],
  ["user/bob@example.com", "user/?"],
  ["item:7", "item:?"],
  ["cart|9", "cart|?"],
  // Nobody can say whether these are names or values.
  ["sessions", "?"],
  ["4711:order", "?:?"],
  ["", "?"],
])("of %j is %j", (key, template) => {
  expect(toKeyTemplate(key)).toBe(template);
});

it("holds nothing of what follows the first part, and little of any key", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string(), (value, rest) => {
      const template = toKeyTemplate(`cache:${value}:${rest}`);
      expect(template).toMatch(/^cache:\?([:/|]\?)*[:/|]?$/);
      expect(template.length).toBeLessThan(30);
    }),
  );
});
