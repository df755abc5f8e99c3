import { describe, expect, it } from "vitest";
import { RepeatCounter, statementsPerRequestMax } from "./repeat-counter.ts";

describe("repeat counter", () => {
  it("counts each statement of each request by itself", () => {
    const counter = new RepeatCounter();
    const [first, second] = [{}, {}];
    expect(["a", "b", "a", "a"].map((text) => counter.count(first, text))).toEqual([1, 1, 2, 3]);
    expect(counter.count(second, "a")).toBe(1);
  });

  it("follows no further statements of a request that has too many, and still those it follows", () => {
    const counter = new RepeatCounter();
    const request = {};
    for (let index = 0; index < statementsPerRequestMax; index += 1) {
      expect(counter.count(request, `SELECT ${index}`)).toBe(1);
    }
    expect([counter.count(request, "one more"), counter.count(request, "one more")]).toEqual([
      0, 0,
    ]);
    expect(counter.count(request, "SELECT 0")).toBe(2);
    expect(counter.count({}, "one more")).toBe(1);
  });
});
