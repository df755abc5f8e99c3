import { expect, test } from "vitest";
import { buildTrace } from "../../test/support/trace-builder.ts";
import { topmostOf } from "./topmost.ts";

test("of spans below each other the topmost counts; those beside each other are each their own", () => {
  const trace = buildTrace([
    "root",
    0,
    90,
    ["a", 1, 40, ["b", 2, 30, ["c", 3, 20]]],
    ["d", 50, 80, ["e", 60, 70]],
  ]);
  const at = (name: string) => trace.name.indexOf(name);
  const topmost = topmostOf(trace, new Set([at("c"), at("a"), at("e")]));
  expect(["a", "c", "e", "b", "d"].map((name) => topmost.get(at(name)) ?? -1)).toEqual([
    at("a"),
    at("a"),
    at("e"),
    at("a"),
    -1,
  ]);
});
