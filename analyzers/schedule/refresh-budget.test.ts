import { expect, test } from "vitest";
import { RefreshBudget } from "./refresh-budget.ts";

test("what is spent comes back at a third of the time that passes, up to a limit", () => {
  const budget = new RefreshBudget();
  expect(budget.isLeft(0)).toBe(true);
  budget.spend(13_000);
  // 3 s too much: paid back after 10 s.
  expect(budget.isLeft(9_900)).toBe(false);
  expect(budget.isLeft(10_100)).toBe(true);
  expect(budget.isLeft(10_000_000)).toBe(true);
  budget.spend(10_001);
  expect(budget.isLeft(10_000_000)).toBe(false);
});

test("who refreshes whenever there is time left takes no more than its share of a long time", () => {
  const budget = new RefreshBudget();
  let nowMs = 0;
  let spentMs = 0;
  while (nowMs < 600_000) {
    if (budget.isLeft(nowMs)) {
      budget.spend(2_000);
      spentMs += 2_000;
      nowMs += 2_000;
    } else nowMs += 100;
  }
  expect(spentMs / nowMs).toBeGreaterThan(0.29);
  expect(spentMs / nowMs).toBeLessThan(0.33);
});
