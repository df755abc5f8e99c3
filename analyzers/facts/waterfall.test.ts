import fc from "fast-check";
import { expect, test } from "vitest";
import { arbitrarySpans, toNode } from "../../test/support/arbitrary-trace.ts";
import { buildTrace, type SpanNode } from "../../test/support/trace-builder.ts";
import { toWaterfall } from "./waterfall.ts";

test("spans come depth first, siblings by start", () => {
  const trace = buildTrace(["a", 0, 100, ["b", 10, 50, ["c", 20, 30]], ["d", 5, 8]]);
  const { order, parent, depth } = toWaterfall(trace);
  expect(order.map((span) => trace.name[span])).toEqual(["a", "d", "b", "c"]);
  expect(parent).toEqual([-1, 0, 0, 2]);
  expect(depth).toEqual([0, 1, 1, 2]);
});

test("a second root starts at the left again", () => {
  const { parent, depth } = toWaterfall(buildTrace(["a", 0, 9, ["b", 1, 2]], ["c", 3, 4]));
  expect(parent).toEqual([-1, 0, -1]);
  expect(depth).toEqual([0, 1, 0]);
});

test("every span is shown once, after its parent and one level deeper", () => {
  fc.assert(
    fc.property(arbitrarySpans(), (spans) => {
      const trace = buildTrace(toNode(spans));
      const { order, parent, depth } = toWaterfall(trace);
      expect([...order].sort((a, b) => a - b)).toEqual(
        Array.from({ length: trace.size }, (_, i) => i),
      );
      for (const [place, above] of parent.entries()) {
        expect(above).toBeLessThan(place);
        expect(depth[place]).toBe(above === -1 ? 0 : depth[above]! + 1);
      }
    }),
  );
});

test("a chain of 20,000 spans exhausts no stack", () => {
  let chain: SpanNode = ["leaf", 0, 1];
  for (let i = 0; i < 19_999; i++) chain = ["node", 0, 1, chain];
  expect(toWaterfall(buildTrace(chain)).depth.at(-1)).toBe(19_999);
});
