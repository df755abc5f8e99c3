import { expect, test } from "vitest";
import type { RecordedSpan } from "./recorded-span.ts";
import { RouteHistory } from "./route-history.ts";

const startMs = Date.UTC(2026, 0, 1);
const request = (name: string, durationMs: number, atMs = 0) =>
  ({ name, startMs: startMs + atMs, endMs: startMs + atMs + durationMs }) as RecordedSpan;

test("the first ten of a route in a minute are rare", () => {
  const routes = new RouteHistory();
  const isNoted = (atMs: number) => routes.isRareOrSlow(request("GET /", 10, atMs));
  expect(Array.from({ length: 15 }, () => isNoted(0))).toEqual([
    ...Array(10).fill(true),
    ...Array(5).fill(false),
  ]);
  expect(isNoted(60_000)).toBe(true);
});

test("about one of twenty is slow, whatever its route's durations are", () => {
  const routes = new RouteHistory();
  // Without a pattern, and the same for each run.
  const durationOf = (i: number) => 5 + ((Math.imul(i, 0x9e3779b1) >>> 0) / 2 ** 32) * 200;
  const last = Array.from({ length: 20_000 }, (_, i) =>
    routes.isRareOrSlow(request("GET /", durationOf(i))),
  ).slice(-10_000);
  const share = last.filter(Boolean).length / last.length;
  expect(share).toBeGreaterThan(0.03);
  expect(share).toBeLessThan(0.07);
});

test("a route that becomes slower is noted until that is usual", () => {
  const routes = new RouteHistory();
  for (let i = 0; i < 1_000; i += 1) routes.isRareOrSlow(request("GET /", 10 + (i % 7)));
  expect(routes.isRareOrSlow(request("GET /", 40))).toBe(true);
  const noted = Array.from({ length: 1_000 }, (_, i) =>
    routes.isRareOrSlow(request("GET /", 40 + (i % 7))),
  );
  expect(noted.slice(0, 10)).toEqual(Array(10).fill(true));
  expect(noted.slice(-500).filter(Boolean).length).toBeLessThan(100);
});
