import { expect, test } from "vitest";
import { HeapGrowth } from "./heap-growth.ts";

const mb = 2 ** 20;

/** What is told after so many windows, each with three collections that leave these megabytes and more. */
function growthOf(leastMb: readonly number[]) {
  const growth = new HeapGrowth(60_000);
  const told = leastMb.flatMap((least, window) =>
    [30, 0, 10].map((more, i) => growth.add((least + more) * mb, window * 60_001 + i * 1_000)),
  );
  return told.filter((it) => it !== undefined);
}

test("a heap that grows window after window is told, with what it held at the least in each", () => {
  expect(growthOf([100, 110, 120, 130, 140, 150])).toEqual([
    [100, 110, 120, 130, 140].map((it) => it * mb),
  ]);
});

test("a heap that goes up and down is not told", () => {
  expect(growthOf([100, 140, 120, 160, 130, 170, 140, 180, 150, 190])).toEqual([]);
});

test("a heap that grows by less than a fifth, or by less than 16 MB, is not told", () => {
  expect(growthOf([200, 205, 210, 215, 220, 225])).toEqual([]);
  expect(growthOf([10, 12, 14, 16, 18, 20, 22])).toEqual([]);
});

test("what was told is told again only after as many windows", () => {
  const told = growthOf(Array.from({ length: 12 }, (_, i) => 100 + i * 20));
  expect(told.map((windows) => windows.length)).toEqual([5, 5]);
});
