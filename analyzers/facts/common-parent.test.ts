import { expect, test } from "vitest";
import { buildTrace } from "../../test/support/trace-builder.ts";
import { branchesOf } from "./common-parent.ts";

const trace = buildTrace([
  "GET /orders",
  0,
  100,
  ["handler", 0, 90, ["a", 0, 10, ["a1", 1, 2], ["a2", 3, 4]], ["b", 20, 30, ["b1", 21, 22]]],
]);
const at = (...names: readonly string[]) =>
  branchesOf(
    trace,
    names.map((name) => trace.name.indexOf(name)),
  ).map((span) => trace.name[span]);

test("siblings are their own branches", () => {
  expect(at("a", "b")).toEqual(["a", "b"]);
  expect(at("a1", "a2")).toEqual(["a1", "a2"]);
});

test("deeper spans stand for the branch that they are in, each branch once", () => {
  expect(at("a1", "b1")).toEqual(["a", "b"]);
  expect(at("a1", "a2", "b1")).toEqual(["a", "b"]);
});

test("a span below another: the outer one; roots: themselves", () => {
  expect(at("a", "a1")).toEqual(["a"]);
  const roots = buildTrace(["x", 0, 1], ["y", 2, 3]);
  expect(branchesOf(roots, [0, 1])).toEqual([0, 1]);
});
