import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitrarySpans, toNode } from "../../test/support/arbitrary-trace.ts";
import { buildTrace } from "../../test/support/trace-builder.ts";
import { criticalPath } from "../facts/critical-path.ts";
import { unionNs } from "../facts/interval-union.ts";
import { childrenOf, type SpanIndex, type TraceView } from "../model/trace-view.ts";
import { simulate } from "./simulate.ts";

const kinds = [
  "merge-calls",
  "drop-repeats",
  "make-parallel",
  "speed-up",
  "read-page",
  "remove-wait",
  "hold-shorter",
] as const;

describe.each(kinds)("for every trace and every %s", (kind) => {
  const simulateChange = (trace: TraceView, spans: readonly SpanIndex[]) =>
    simulate(trace, 0, spans.length === 0 ? [] : [{ kind, spans }]);

  // Whole milliseconds under a root of 99 ms: no two calls overlap by less than the allowance.
  const spans = arbitrarySpans({ isNested: true, spansMax: 20 });
  const traceAndChange = fc
    .tuple(spans, fc.array(fc.nat(), { minLength: 1, maxLength: 8 }))
    .map(([tree, picks]) => {
      const trace = buildTrace(toNode(tree));
      const leaves = Array.from({ length: trace.size }, (_, i) => i).filter(
        (span) => span > 0 && childrenOf(trace, span).length === 0,
      );
      const chosen = leaves.length === 0 ? [] : picks.map((pick) => leaves[pick % leaves.length]!);
      return { trace, chosen: [...new Set(chosen)].sort((a, b) => a - b) };
    });

  test("the gain is at most the time that the calls hold on the critical path", () => {
    fc.assert(
      fc.property(traceAndChange, ({ trace, chosen }) => {
        const { pessimistic } = simulateChange(trace, chosen);
        expect(duration(trace, 0) - pessimistic).toBeLessThanOrEqual(criticalNs(trace, chosen));
      }),
      { numRuns: 1000 },
    );
  });

  test("pessimistic >= expected >= optimistic >= 0, and never slower than before", () => {
    fc.assert(
      fc.property(traceAndChange, ({ trace, chosen }) => {
        const { pessimistic, expected, optimistic } = simulateChange(trace, chosen);
        expect(duration(trace, 0)).toBeGreaterThanOrEqual(pessimistic);
        expect(pessimistic).toBeGreaterThanOrEqual(expected);
        expect(expected).toBeGreaterThanOrEqual(optimistic);
        expect(optimistic).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("the pessimistic end is never below the endpoint's own time", () => {
    fc.assert(
      fc.property(traceAndChange, ({ trace, chosen }) => {
        const own = duration(trace, 0) - unionNs(trace, [...childrenOf(trace, 0)]);
        expect(simulateChange(trace, chosen).pessimistic).toBeGreaterThanOrEqual(own);
      }),
    );
  });

  test("calls that are not on the critical path win nothing", () => {
    fc.assert(
      fc.property(traceAndChange, ({ trace, chosen }) => {
        const off = chosen.filter((span) => criticalNs(trace, [span]) === 0);
        fc.pre(off.length > 0);
        expect(simulateChange(trace, off).pessimistic).toBe(duration(trace, 0));
      }),
    );
  });
});

function duration(trace: TraceView, span: SpanIndex): number {
  return trace.end[span]! - trace.start[span]!;
}

function criticalNs(trace: TraceView, spans: readonly SpanIndex[]): number {
  return criticalPath(trace, 0)
    .filter(({ span }) => spans.includes(span))
    .reduce((sum, { start, end }) => sum + end - start, 0);
}
