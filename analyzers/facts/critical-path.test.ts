import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitrarySpans, pickSpans, toNode } from "../../test/support/arbitrary-trace.ts";
import { buildColumns, buildTrace, type SpanNode } from "../../test/support/trace-builder.ts";
import { spanKind, type TraceView, toTraceView } from "../model/trace-view.ts";
import { type CriticalSection, criticalPath } from "./critical-path.ts";

const client = { name: "GET", kind: spanKind.client };
const server = { name: "GET /stock", kind: spanKind.server, service: "stock", resourceId: "2" };

const cases: Record<string, [trace: TraceView, path: string]> = {
  "a span without children": [buildTrace(["a", 0, 10]), "a 0-10"],
  "one child after the other": [
    buildTrace(["a", 0, 10, ["b", 1, 3], ["c", 5, 9]]),
    "a 0-1, b 1-3, a 3-5, c 5-9, a 9-10",
  ],
  "back to back: both": [buildTrace(["a", 0, 10, ["b", 0, 5], ["c", 5, 10]]), "b 0-5, c 5-10"],
  "side by side: what ends last": [
    buildTrace(["a", 0, 10, ["b", 1, 5], ["c", 2, 8]]),
    "a 0-2, c 2-8, a 8-10",
  ],
  "equal ends: what started first": [
    buildTrace(["a", 0, 10, ["b", 4, 8], ["c", 2, 8]]),
    "a 0-2, c 2-8, a 8-10",
  ],
  "an overlap of a clock tick: both, cut at the later start": [
    buildTrace(["a", 0, 100, ["b", 0, 50.5], ["c", 50, 100]]),
    "b 0-50, c 50-100",
  ],
  "an overlap that is more than that: side by side": [
    buildTrace(["a", 0, 100, ["b", 0, 52], ["c", 50, 100]]),
    "a 0-50, c 50-100",
  ],
  "two that overlap by a clock tick: what started first": [
    buildTrace(["a", 0, 100, ["b", 30, 50.4], ["c", 20, 50.2], ["d", 50, 100]]),
    "a 0-20, c 20-50, d 50-100",
  ],
  "in a long span the tick stays a millisecond": [
    buildTrace(["a", 0, 1000, ["b", 0, 502], ["c", 500, 1000]]),
    "a 0-500, c 500-1000",
  ],
  "a child that outlives its parent counts up to its end": [
    buildTrace(["a", 0, 10, ["b", 4, 30]]),
    "a 0-4, b 4-10 clamped",
  ],
  "a child beside its parent does not count": [buildTrace(["a", 0, 10, ["b", 10, 12]]), "a 0-10"],
  "a message that is sent off is not waited for": [
    buildTrace([
      "a",
      0,
      10,
      [
        { name: "send", kind: spanKind.producer },
        1,
        4,
        [{ name: "receive", kind: spanKind.consumer }, 2, 4],
      ],
    ]),
    "a 0-1, send 1-4, a 4-10",
  ],
  "a server whose clock is ahead stands in the middle of its client": [
    buildTrace(["a", 0, 10, [client, 2, 8, [server, 7, 11, ["find", 8, 9]]]]),
    "a 0-2, GET 2-3, GET /stock 3-4 skew -4, find 4-5 skew -4, GET /stock 5-7 skew -4, GET 7-8, a 8-10",
  ],
  "a server whose clock is behind, and whose start is the first of the trace": [
    buildTrace(["a", 0, 10, [client, 2, 8, [server, -5, -1]]]),
    "a 0-2, GET 2-3, GET /stock 3-7 skew 8, GET 7-8, a 8-10",
  ],
  "a server that took longer than its client is cut, not moved": [
    buildTrace(["a", 0, 10, [client, 2, 8, [server, 3, 20]]]),
    "a 0-2, GET 2-3, GET /stock 3-8 clamped, a 8-10",
  ],
  "the same process is never moved": [
    buildTrace(["a", 0, 10, [client, 2, 8, [{ ...server, resourceId: "1" }, 7, 11]]]),
    "a 0-2, GET 2-7, GET /stock 7-8 clamped, a 8-10",
  ],
};

describe("what is on the path", () => {
  for (const [title, [trace, path]] of Object.entries(cases)) {
    test(title, () => expect(print(trace, criticalPath(trace))).toBe(path));
  }

  test("a span known to run unawaited is left out", () => {
    const trace = buildTrace(["a", 0, 50, ["load", 0, 30], ["audit", 30, 80]]);
    const isUnawaited = (span: number) => trace.name[span] === "audit";
    expect(print(trace, criticalPath(trace, 0, { isUnawaited }))).toBe("load 0-30, a 30-50");
  });

  test("any span can be the root", () => {
    const trace = buildTrace(["a", 0, 100, [client, 10, 90, [server, 20, 80, ["find", 30, 40]]]]);
    const path = criticalPath(trace, trace.name.indexOf("GET /stock"));
    expect(print(trace, path)).toBe("GET /stock 0-10, find 10-20, GET /stock 20-60");
  });

  test("a trace's own root goes before an orphan that starts earlier", () => {
    const lost = { name: "lost", parentSpanId: "00000000000000ff" };
    const trace = buildTrace([lost, 0, 5], ["a", 2, 9]);
    expect(print(trace, criticalPath(trace))).toBe("a 0-7");
  });
});

describe("for every trace", () => {
  const nested = arbitrarySpans({ isNested: true });

  test("the sections are exactly the root's duration, disjoint, in order, each inside its span", () => {
    fc.assert(
      fc.property(arbitrarySpans(), (spans) => {
        const trace = buildTrace(toNode(spans));
        const root = trace.name.indexOf("s0");
        const path = criticalPath(trace, root);
        let at = trace.start[root]!;
        for (const { span, start, end } of path) {
          expect(start).toBe(at);
          expect(end).toBeGreaterThan(start);
          expect(start).toBeGreaterThanOrEqual(trace.start[span]!);
          expect(end).toBeLessThanOrEqual(trace.end[span]!);
          at = end;
        }
        expect(at).toBe(trace.end[root]);
      }),
    );
  });

  test("the order of arrival does not matter", () => {
    const shuffled = nested.chain((spans) => fc.tuple(fc.constant(spans), shuffle(spans.length)));
    fc.assert(
      fc.property(shuffled, ([spans, order]) => {
        const columns = buildColumns(toNode(spans));
        const [a, b] = [columns, pickSpans(columns, order)].map((c) => toTraceView("t", c));
        expect(print(b!, criticalPath(b!))).toBe(print(a!, criticalPath(a!)));
      }),
    );
  });

  test("moving the trace in time changes nothing, scaling it scales the sections", () => {
    fc.assert(
      fc.property(nested, fc.integer({ min: -9_000, max: 9_000 }), (spans, shiftMs) => {
        const [plain, moved] = [toNode(spans), toNode(spans, { shiftMs })].map((node) =>
          buildTrace(node),
        );
        expect(criticalPath(moved!)).toEqual(criticalPath(plain!));
        // Up to a root of 100 ms the overlap allowance is a share of the parent, and so linear too.
        const half = buildTrace(toNode(spans, { scale: 0.5 }));
        const doubled = criticalPath(half).map((section) => ({
          ...section,
          start: section.start * 2,
          end: section.end * 2,
        }));
        expect(doubled).toEqual(criticalPath(plain!));
      }),
    );
  });

  test("taking away a leaf that is not on the path changes nothing", () => {
    fc.assert(
      fc.property(nested, fc.nat(), (spans, pick) => {
        const trace = buildTrace(toNode(spans));
        const path = criticalPath(trace);
        const onPath = new Set(path.map(({ span }) => trace.name[span]));
        const leaves = spans.flatMap((_, i) =>
          onPath.has(`s${i}`) || spans.some(({ parent }) => parent === i) ? [] : [i],
        );
        fc.pre(leaves.length > 0);
        const leaf = leaves[pick % leaves.length]!;
        const columns = buildColumns(toNode(spans));
        const kept = columns.name.flatMap((name, i) => (name === `s${leaf}` ? [] : [i]));
        const without = toTraceView("t", pickSpans(columns, kept));
        expect(print(without, criticalPath(without))).toBe(print(trace, path));
      }),
    );
  });

  test("100,000 spans, each in the one before, or all in one, are walked without recursion", () => {
    const size = 100_000;
    let chain: SpanNode = [`s${size}`, size - 1, size * 2];
    for (let i = size - 1; i > 0; i--) chain = [`s${i}`, i - 1, size * 2, chain];
    const deep = criticalPath(buildTrace(chain));
    expect(deep).toHaveLength(size);
    expect(deep.at(-1)).toMatchObject({ start: (size - 1) * 1e6, end: size * 2e6 });
    const children = Array.from({ length: size - 1 }, (_, i): SpanNode => [`s${i}`, i, i + 2]);
    const wide = criticalPath(buildTrace(["root", 0, size, ...children]));
    expect(wide.reduce((sum, { start, end }) => sum + end - start, 0)).toBe(size * 1e6);
  });
});

/** A random order of the first `size` numbers. */
function shuffle(size: number): fc.Arbitrary<number[]> {
  const all = Array.from({ length: size }, (_, i) => i);
  return fc.shuffledSubarray(all, { minLength: size, maxLength: size });
}

/** "a 0-2, c 2-8 clamped": times in milliseconds since the root's start. */
function print(trace: TraceView, path: readonly CriticalSection[]): string {
  const origin = path[0]?.start ?? 0;
  const toMs = (ns: number) => (ns - origin) / 1e6;
  return path
    .map(({ span, start, end, clamped, skewNs }) => {
      const text = `${trace.name[span]} ${toMs(start)}-${toMs(end)}`;
      return `${text}${clamped ? " clamped" : ""}${skewNs === 0 ? "" : ` skew ${skewNs / 1e6}`}`;
    })
    .join(", ");
}
