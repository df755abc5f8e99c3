import { expect, test } from "vitest";
import { formatAgo } from "./format-time.ts";

test("formatAgo counts whole minutes, hours or days", () => {
  const now = 1_800_000_000_000;
  const ages = [-5_000, 59_000, 60_000, 3_599_000, 2 * 3_600_000, 3 * 86_400_000];
  expect(ages.map((age) => formatAgo(now - age, now))).toEqual([
    "just now",
    "just now",
    "1 minute ago",
    "59 minutes ago",
    "2 hours ago",
    "3 days ago",
  ]);
});
