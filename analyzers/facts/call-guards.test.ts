import { expect, test } from "vitest";
import { buildTrace, inSequence, query, type SpanNode } from "../../test/support/trace-builder.ts";
import { busyNsBefore, isAfterAnswer, isLongLived, isPaced } from "./call-guards.ts";

const setUp = (root: string, ms: number, ...children: SpanNode[]) => {
  const trace = buildTrace([root, 0, ms, ...children]);
  return { trace, spans: trace.name.flatMap((name, i) => (name === query.name ? [i] : [])) };
};

test("busyNsBefore adds up when leaves ran, each moment once", () => {
  const { trace } = setUp("GET /a", 100, ["a", 0, 10, ["b", 2, 6]], ["c", 4, 9], ["d", 20, 30]);
  expect(trace.name).toEqual(["GET /a", "a", "b", "c", "d"]);
  expect([...busyNsBefore(trace)]).toEqual([0, 0, 0, 4e6, 7e6]);
});

test("calls are paced when they pause for long, and nothing else runs meanwhile", () => {
  const paced = (ms: number, gapMs: number, ...others: SpanNode[]) => {
    const { trace, spans } = setUp(
      "GET /a",
      5000,
      ...inSequence(query, 5, ms, { gapMs }),
      ...others,
    );
    return isPaced(trace, spans, busyNsBefore(trace));
  };
  expect(paced(5, 500)).toBe(true);
  expect(paced(1, 30)).toBe(false);
  expect(paced(100, 400)).toBe(false);
  expect(paced(5, 500, ["a", 10, 400], ["b", 600, 900])).toBe(false);
});

test("a span of more than a minute is long-lived, but for a request that its calls keep busy", () => {
  const longLived = (root: string, ms: number, eachMs: number, gapMs: number) => {
    const { trace, spans } = setUp(root, ms, ...inSequence(query, 50, eachMs, { gapMs }));
    return isLongLived(trace, spans, 0);
  };
  expect(longLived("GET /a", 61_000, 1200, 0)).toBe(false);
  expect(longLived("GET /a", 61_000, 5, 1000)).toBe(true);
  expect(longLived("job", 61_000, 1200, 0)).toBe(true);
  expect(longLived("job", 60_000, 1200, 0)).toBe(false);
});

test("after the answer: more than half of the calls begin when the request has ended, by the same clock", () => {
  const ending = (ms: number, fields: object = {}) => {
    const loop = inSequence({ ...query, ...fields }, 10, 10);
    const { trace, spans } = setUp("GET /a", ms, ...loop);
    return isAfterAnswer(trace, spans, 0);
  };
  expect(ending(100)).toBe(false);
  expect(ending(50)).toBe(false);
  expect(ending(40)).toBe(true);
  expect(ending(40, { resourceId: "2" })).toBe(false);
});
