import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arbitrarySpans, toNode } from "../../test/support/arbitrary-trace.ts";
import {
  buildTrace,
  buildTraceAt,
  inSequence,
  query,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import type { TraceChange } from "../detector.ts";
import { durationNs, type SpanIndex, type TraceView } from "../model/trace-view.ts";
import { cumulativeGain, type RepairedTrace } from "./cumulative-gain.ts";

/** Forty equal traces of an endpoint, and what the fixes change in each. */
function sampleOf(
  trace: TraceView,
  changesOf: Readonly<Record<string, readonly TraceChange[]>>,
): RepairedTrace[] {
  const one = { trace, endpointSpan: 0, changesOf: new Map(Object.entries(changesOf)) };
  return Array.from({ length: 40 }, () => one);
}

function spansNamed(trace: TraceView, name: string): SpanIndex[] {
  return trace.name.flatMap((other, span) => (other === name ? [span] : []));
}

/** Expected p50 after each step, milliseconds. */
function stepsOf(sample: readonly RepairedTrace[], fixes: readonly string[]) {
  return cumulativeGain(sample, fixes, "seed").map(({ fix, prediction }) => [
    fix,
    Math.round(prediction.p50.afterNs / 1e5) / 10,
  ]);
}

const merged = (trace: TraceView, name: string): TraceChange[] => [
  { kind: "merge-calls", spans: spansNamed(trace, name) },
];

describe("the order of several fixes", () => {
  test("the fix that saves most comes first, then what is left", () => {
    const orders = { ...query, name: "orders" };
    const prices = { ...query, name: "prices" };
    const trace = buildTrace([
      "GET /",
      0,
      100,
      ...inSequence(orders, 3, 10),
      ...inSequence(prices, 6, 10, { fromMs: 30 }),
    ]);
    const sample = sampleOf(trace, {
      a: merged(trace, "orders"),
      b: merged(trace, "prices"),
    });
    // b: 60 -> 10 + 1.2 for its rows; a: 30 -> 10 + 0.6.
    expect(stepsOf(sample, ["a", "b"])).toEqual([
      ["b", 51.2],
      ["a", 31.8],
    ]);
  });

  test("two branches at once: one fix alone saves little, both save most of it", () => {
    const left: SpanNode = ["left", 0, 90];
    const right: SpanNode = ["right", 0, 80];
    const trace = buildTrace(["GET /", 0, 90, left, right]);
    const faster = (name: string): TraceChange[] => [
      { kind: "speed-up", spans: spansNamed(trace, name) },
    ];
    const sample = sampleOf(trace, { a: faster("left"), b: faster("right") });
    expect(stepsOf(sample, ["b", "a"])).toEqual([
      ["a", 80],
      ["b", 18],
    ]);
  });

  test("calls that start together are as short as what is fixed below them", () => {
    const branch = (name: string, from: number, to: number): SpanNode => [
      name,
      from,
      to,
      ...inSequence(query, 4, 10, { fromMs: from }),
    ];
    const page: SpanNode = ["GET /", 0, 80, branch("x", 0, 40), branch("y", 40, 80)];
    const sample = Array.from({ length: 40 }, (_, i) => {
      const trace = buildTraceAt(1_000 * i, page);
      const [x, y] = ["x", "y"].map((name) => spansNamed(trace, name)[0]!);
      const below = (branchSpan: SpanIndex) =>
        spansNamed(trace, query.name).filter((span) => trace.parent[span] === branchSpan);
      const [one] = sampleOf(trace, {
        loops: [x!, y!].map((span) => ({ kind: "merge-calls", spans: below(span) })),
        together: [{ kind: "make-parallel", spans: [x!, y!] }],
      });
      return one!;
    });
    // Each branch 40 -> 10.8; then both at once, which slows them by a seventh.
    expect(stepsOf(sample, ["loops", "together"])).toEqual([
      ["loops", 21.6],
      ["together", 12.3],
    ]);
  });

  test("too few traces: no step", () => {
    const trace = buildTrace(["GET /", 0, 100, ["slow", 0, 90]]);
    const sample = sampleOf(trace, { a: [{ kind: "speed-up", spans: [1] }] });
    expect(cumulativeGain(sample.slice(0, 5), ["a"], "seed")).toEqual([]);
    expect(cumulativeGain(sample, [], "seed")).toEqual([]);
  });
});

describe("whatever the trace and the fixes", () => {
  const kinds = ["merge-calls", "drop-repeats", "speed-up", "remove-wait"] as const;
  const fix = fc.record({
    kind: fc.constantFrom(...kinds),
    picks: fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
  });
  const cases = fc.record({
    spans: arbitrarySpans({ isNested: true }),
    fixes: fc.array(fix, { minLength: 2, maxLength: 4 }),
  });

  function build({ spans, fixes }: { spans: Parameters<typeof toNode>[0]; fixes: Picked[] }) {
    const trace = buildTrace(toNode(spans));
    const changesOf = new Map(
      fixes.map(({ kind, picks }, i) => {
        const chosen = [...new Set(picks.map((pick) => pick % trace.size))].sort((a, b) => a - b);
        return [`fix ${i}`, [{ kind, spans: chosen }] as TraceChange[]];
      }),
    );
    const sample = Array.from({ length: 30 }, () => ({ trace, endpointSpan: 0, changesOf }));
    return { trace, changesOf, sample, names: [...changesOf.keys()] };
  }
  interface Picked {
    readonly kind: (typeof kinds)[number];
    readonly picks: readonly number[];
  }
  const lastNs = (sample: readonly RepairedTrace[], names: readonly string[]) =>
    cumulativeGain(sample, names, "seed").at(-1)!.prediction.p50.afterNs;

  test("all fixes save at least what the best of them saves alone", () => {
    fc.assert(
      fc.property(cases, (picked) => {
        const { sample, names } = build(picked);
        const alone = names.map((name) => lastNs(sample, [name]));
        expect(lastNs(sample, names)).toBeLessThanOrEqual(Math.min(...alone));
      }),
      { numRuns: 60 },
    );
  });

  test("each step is at most as slow as the one before, and the order of the findings changes nothing", () => {
    fc.assert(
      fc.property(cases, (picked) => {
        const { sample, names } = build(picked);
        const steps = cumulativeGain(sample, names, "seed");
        expect(cumulativeGain(sample, names.toReversed(), "seed")).toEqual(steps);
        const after = steps.map(({ prediction }) => prediction.p50.afterNs);
        expect(after).toEqual(after.toSorted((a, b) => b - a));
      }),
      { numRuns: 60 },
    );
  });

  test("they save at most the time from the first to the last span of each", () => {
    fc.assert(
      fc.property(cases, (picked) => {
        const { trace, changesOf, sample, names } = build(picked);
        const reach = [...changesOf.values()].reduce((sum, [change]) => {
          const { spans } = change!;
          const from = Math.min(...spans.map((span) => trace.start[span]!));
          const until = Math.max(...spans.map((span) => trace.end[span]!));
          return sum + until - from;
        }, 0);
        const savedNs = durationNs(trace, 0) - lastNs(sample, names);
        expect(savedNs).toBeLessThanOrEqual(reach + 1);
      }),
      { numRuns: 60 },
    );
  });
});
