import { expect, it } from "vitest";
import { longestPause, mergePlaces, type PlacePauses } from "./longest-pause.ts";

const quiet: PlacePauses = { name: "loop", sumUs: 1_000_000, longUs: [] };
const hit = { ...quiet, longUs: [3_600, 2_500, 900, 700, 400, 60] };

function place(longUs: readonly number[]): PlacePauses {
  return { name: "request", sumUs: 200_000, longUs };
}

it("finds a pause that a place has again and again", () => {
  const planted = Array.from({ length: 12 }, (_, i) => 2_000 + i);
  const found = longestPause([place([...planted, 60])], quiet);
  expect(found.name).toBe("request");
  expect(found.us).toBeGreaterThanOrEqual(2_000);
});

it("finds it beside a loop that the machine stops as long, but not as often", () => {
  const planted = Array.from({ length: 12 }, () => 2_000);
  expect(longestPause([place(planted)], hit)).toMatchObject({ us: 2_000, loopTimes: 2 });
});

it("puts nothing down to a place that is stopped as often as the loop for its time", () => {
  expect(longestPause([place([3_000])], hit).us).toBe(0);
  const alike = { ...hit, name: "request" };
  expect(longestPause([alike], hit).us).toBe(0);
});

it("puts nothing down to a place that seldom runs and met one burst", () => {
  const seldom = { name: "timer", sumUs: 1_000, longUs: [9_000, 9_000] };
  expect(longestPause([seldom], hit).us).toBe(0);
});

it("adds up what a place took in several processes", () => {
  const parts = [place([1_000]), place([1_000]), place([1_000]), place([1_000])];
  expect(longestPause(parts, quiet).us).toBe(0);
  const merged = { name: "request", sumUs: 800_000, longUs: [1_000, 1_000, 1_000, 1_000] };
  expect(mergePlaces(parts)).toEqual([merged]);
});
