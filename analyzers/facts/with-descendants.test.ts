import { expect, test } from "vitest";
import { buildTrace } from "../../test/support/trace-builder.ts";
import { withDescendants } from "./with-descendants.ts";

test("spans bring all that is below them, once, and nothing beside them", () => {
  const trace = buildTrace(["root", 0, 9, ["a", 1, 8, ["b", 2, 7, ["c", 3, 6]]], ["d", 8, 9]]);
  const namesBelow = (...names: string[]) => {
    const spans = names.map((name) => trace.name.indexOf(name));
    return [...withDescendants(trace, spans)].map((span) => trace.name[span]);
  };
  expect(namesBelow("b", "a")).toEqual(["b", "a", "c"]);
  expect(namesBelow("d")).toEqual(["d"]);
  expect(namesBelow()).toEqual([]);
});
