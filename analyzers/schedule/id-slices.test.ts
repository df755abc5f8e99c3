import fc from "fast-check";
import { expect, test } from "vitest";
import { IdSlices } from "./id-slices.ts";

const tracesMax = 10;

/** What comes of `ids` slice by slice, as a store would answer, and in how many questions. */
function walk(
  ids: readonly string[],
  expected = ids.length,
): { found: string[]; questions: number } {
  const slices = new IdSlices(tracesMax, expected);
  const found: string[] = [];
  let questions = 0;
  for (let slice = slices.current; slice !== null; slice = slices.current) {
    const { sinceTraceId, untilTraceId } = slice;
    const page = ids.filter((id) => id > sinceTraceId && id <= untilTraceId).slice(0, tracesMax);
    slices.passed(page.length, page.at(-1) ?? "");
    found.push(...page);
    questions++;
  }
  return { found, questions };
}

const hex = (length: number) =>
  fc.array(fc.constantFrom(..."0123456789abcdef"), { minLength: length, maxLength: length });

test("every id comes once, in order, whatever ids are like", () => {
  const id = fc.oneof(
    hex(32).map((digits) => digits.join("")),
    hex(4).map((digits) => `68abcdef${digits.join("").padStart(24, "0")}`),
    fc.constantFrom("f".repeat(32), `${"0".repeat(31)}1`),
  );
  fc.assert(
    fc.property(fc.uniqueArray(id, { maxLength: 200 }), (all) => {
      const ids = all.filter((one) => one !== "0".repeat(32)).sort();
      expect(walk(ids).found).toEqual(ids);
    }),
  );
});

test("of random ids each question brings nearly as many as may come", () => {
  const ids = Array.from({ length: 1_000 }, (_, i) =>
    ((BigInt(i + 1) * 0x9e3779b97f4a7c15f39cc0605cedc835n) & (2n ** 128n - 1n))
      .toString(16)
      .padStart(32, "0"),
  ).sort();
  const { found, questions } = walk(ids);
  expect(found).toEqual(ids);
  expect(questions).toBeLessThan(150);
});

test("no id at all is one question, and ids that begin with their time are few more", () => {
  expect(walk([]).questions).toBe(1);
  const ids = Array.from({ length: 100 }, (_, i) => `68abcdef${String(i).padStart(24, "0")}`);
  expect(walk(ids).questions).toBeLessThan(60);
});
