import fc from "fast-check";
import { expect, it } from "vitest";
import { StatementCounts } from "./statement-counts.ts";

it("counts each statement on its own, however many there are", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30)), (calls) => {
      const counts = new StatementCounts(100);
      const expected = new Map<string, number>();
      for (const call of calls) {
        const text = `SELECT ${call}`;
        expected.set(text, (expected.get(text) ?? 0) + 1);
        expect(counts.add(text)).toBe(expected.get(text));
      }
      expect(counts.most).toBe(Math.max(0, ...expected.values()));
    }),
  );
});

it("takes no statement beyond its limit, and goes on with those that it has", () => {
  const counts = new StatementCounts(20);
  const added = Array.from({ length: 25 }, (_, i) => counts.add(`SELECT ${i}`));
  expect(added).toEqual([...Array(20).fill(1), ...Array(5).fill(0)]);
  expect([counts.add("SELECT 0"), counts.add("SELECT 19"), counts.add("SELECT 24")]).toEqual([
    2, 2, 0,
  ]);
});
