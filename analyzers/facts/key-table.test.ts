import fc from "fast-check";
import { expect, test } from "vitest";
import { KeyTable } from "./key-table.ts";

test("keys are numbered as a map of their texts would, for one list after the other, announced or not", () => {
  const small = fc.integer({ min: -1, max: 3 });
  const any = fc.integer({ min: -1, max: 2 ** 31 - 1 });
  const key = fc.oneof(fc.tuple(small, small, small), fc.tuple(any, any, any));
  const table = new KeyTable();
  fc.assert(
    fc.property(fc.array(key, { maxLength: 300 }), fc.boolean(), (keys, isAnnounced) => {
      table.reset(isAnnounced ? keys.length : 0);
      const numbers = new Map<string, number>();
      for (const [a, b, c] of keys) {
        const text = `${a} ${b} ${c}`;
        expect(table.has(a, b, c)).toBe(numbers.has(text));
        if (!numbers.has(text)) numbers.set(text, numbers.size);
        expect(table.numberOf(a, b, c)).toBe(numbers.get(text));
      }
      expect(table.size).toBe(numbers.size);
    }),
  );
});
