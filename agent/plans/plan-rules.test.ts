import fc from "fast-check";
import { expect, it } from "vitest";
import { PlanRules } from "./plan-rules.ts";

const secondMs = 1_000;
const hourMs = 3_600_000;

it("asks for a statement's plan once an hour", () => {
  const rules = new PlanRules();
  const asked = [0, 20 * secondMs, hourMs - 1, hourMs].map((nowMs) => rules.mayAsk("a", nowMs));
  expect(asked).toEqual([true, false, false, true]);
});

it("asks no more than once in ten seconds, whatever is slow", () => {
  const calls = fc.array(
    fc.record({ waitMs: fc.nat(8 * secondMs), statement: fc.constantFrom("a", "b", "c", "d") }),
  );
  fc.assert(
    fc.property(calls, (given) => {
      const rules = new PlanRules();
      const askedMs: number[] = [];
      let nowMs = 0;
      for (const { waitMs, statement } of given) {
        nowMs += waitMs;
        if (rules.mayAsk(statement, nowMs)) askedMs.push(nowMs);
      }
      for (const [i, ms] of askedMs.entries()) {
        if (i > 0) expect(ms - askedMs[i - 1]!).toBeGreaterThanOrEqual(10 * secondMs);
      }
    }),
  );
});

it("keeps statements up to a limit, and forgets those that were asked for least lately", () => {
  const rules = new PlanRules();
  for (let i = 0; i <= 1_000; i += 1) rules.mayAsk(`${i}`, i * 10 * secondMs);
  const nowMs = 1_001 * 10 * secondMs;
  expect(rules.mayAsk("1000", nowMs)).toBe(false);
  expect(rules.mayAsk("0", nowMs)).toBe(true);
});
