import { expect, test } from "vitest";
import { oncePerText } from "./once-per-text.ts";

test("a fact is worked out once a text, also a negative one, and again when too many were remembered", () => {
  let computed = 0;
  const isShort = oncePerText((text) => {
    computed++;
    return text.length < 3;
  });
  expect(["a", "long", "a", "long"].map(isShort)).toEqual([true, false, true, false]);
  expect(computed).toBe(2);
  for (let i = 0; i < 10_000; i++) isShort(`text ${i}`);
  const before = computed;
  expect(isShort("a")).toBe(true);
  expect(computed).toBe(before + 1);
});
