import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TraceResponse } from "../../../../collector/api/responses.ts";
import { buildTraceResponse, ordersTrace, type SpanOfTrace } from "./build-trace-response.ts";
import { nextMarked, unfoldTo, visibleRows } from "./waterfall-rows.ts";
import { createWaterfallTree, type TreeNode, type WaterfallTree } from "./waterfall-tree.ts";

/** Each row as "level name", with what the sign of its fold says. */
function draw(tree: WaterfallTree, toggled: ReadonlySet<TreeNode> = new Set()): string[] {
  const { trace, groups } = tree;
  return visibleRows(tree, toggled).map(({ node, level, isFolded }) => {
    const group = groups[node - trace.spanId.length];
    const name = group ? `×${group.calls} ${trace.name[group.spans[0]!]}` : trace.name[node]!;
    return `${level} ${isFolded === null ? "" : isFolded ? "+" : "-"}${name}`;
  });
}

const GROUP = ordersTrace.length;

describe("visibleRows", () => {
  test("five siblings of one name are one folded row", () => {
    expect(draw(createWaterfallTree(buildTraceResponse(ordersTrace)))).toEqual([
      "1 -GET /orders",
      "2 SELECT orders",
      "2 +×5 SELECT products",
      "2 render",
    ]);
  });

  test("an unfolded group shows its members one level below", () => {
    expect(draw(createWaterfallTree(buildTraceResponse(ordersTrace)), new Set([GROUP]))).toEqual([
      "1 -GET /orders",
      "2 SELECT orders",
      "2 -×5 SELECT products",
      "3 SELECT products",
      "3 SELECT products",
      "3 -SELECT products",
      "4 connect",
      "3 SELECT products",
      "3 SELECT products",
      "2 render",
    ]);
  });

  test("a folded span hides everything below it", () => {
    const tree = createWaterfallTree(buildTraceResponse(ordersTrace));
    expect(draw(tree, new Set([0, GROUP]))).toEqual(["1 +GET /orders"]);
  });

  test("four siblings of one name stay as they are", () => {
    const four = ordersTrace.filter((_, index) => index !== 7);
    expect(draw(createWaterfallTree(buildTraceResponse(four)))).toHaveLength(8);
  });

  test("a summary span counts as the calls that it stands for", () => {
    const summarised = [
      ...ordersTrace.slice(0, 3),
      { parent: 0, name: "SELECT products", repeats: 4980 },
    ];
    expect(draw(createWaterfallTree(buildTraceResponse(summarised)))).toEqual([
      "1 -GET /orders",
      "2 SELECT orders",
      "2 +×4981 SELECT products",
    ]);
  });

  test("a single summary span is no group: there is nothing to unfold", () => {
    const summarised = [
      ...ordersTrace.slice(0, 2),
      { parent: 0, name: "SELECT all", repeats: 4980 },
    ];
    expect(draw(createWaterfallTree(buildTraceResponse(summarised)))).toContain("2 SELECT all");
  });

  test("whatever the tree, unfolding everything shows every span once, below its parent", () => {
    fc.assert(
      fc.property(anyTrace, (trace) => {
        const tree = createWaterfallTree(trace);
        const spans = trace.spanId.length;
        const groups = new Set(tree.groups.map((_, index) => spans + index));
        const rows = visibleRows(tree, groups);
        expect(rows.map(({ node }) => node).sort((a, b) => a - b)).toEqual([
          ...Array(spans + groups.size).keys(),
        ]);
        const place = new Map(rows.map((row, index) => [row.node, { ...row, index }]));
        for (const row of place.values()) {
          const parent = place.get(tree.parent[row.node]!);
          expect(row.level).toBe((parent?.level ?? 0) + 1);
          expect(row.index).toBeGreaterThan(parent?.index ?? -1);
        }
      }),
    );
  });

  test("whatever is folded, unfoldTo brings a span into sight", () => {
    fc.assert(
      fc.property(anyTrace, fc.array(fc.nat(60)), fc.nat(), (trace, folds, pick) => {
        const tree = createWaterfallTree(trace);
        const span = pick % trace.spanId.length;
        const rows = visibleRows(tree, unfoldTo(tree, new Set(folds), span));
        expect(rows.map(({ node }) => node)).toContain(span);
      }),
    );
  });
});

describe("nextMarked", () => {
  const trace = buildTraceResponse(ordersTrace, {
    criticalPath: [
      { span: 0, startNs: 0, endNs: 1e6 },
      { span: 8, startNs: 8e6, endNs: 9e6 },
    ],
    findings: [{ id: "f", title: "N+1 calls", summary: "", spanIds: ["span-3"] }],
  });
  const tree = createWaterfallTree(trace);
  const folded = visibleRows(tree, new Set());

  test("goes from one row of the critical path to the next, and round", () => {
    expect(nextMarked(tree, folded, 0, "critical")).toBe(8);
    expect(nextMarked(tree, folded, 8, "critical")).toBe(0);
  });

  test("stops at the folded group that hides the error or the finding", () => {
    expect(nextMarked(tree, folded, 0, "error")).toBe(GROUP);
    expect(nextMarked(tree, folded, 0, "finding")).toBe(GROUP);
  });

  test("stops at the span itself once it is in sight", () => {
    const unfolded = visibleRows(tree, new Set([GROUP]));
    expect(nextMarked(tree, unfolded, GROUP, "error")).toBe(5);
    expect(nextMarked(tree, unfolded, GROUP, "finding")).toBe(3);
  });

  test("is null when no row has the mark", () => {
    const plain = createWaterfallTree(buildTraceResponse(ordersTrace.slice(0, 2)));
    expect(nextMarked(plain, visibleRows(plain, new Set()), 0, "error")).toBeNull();
  });
});

/** Up to 40 spans of few names, depth first: each is a child of the one before or of one above it. */
const anyTrace: fc.Arbitrary<TraceResponse> = fc
  .array(fc.record({ up: fc.nat(4), name: fc.constantFrom("a", "b") }), {
    minLength: 1,
    maxLength: 40,
  })
  .map((steps) => {
    const spans: SpanOfTrace[] = [];
    steps.forEach(({ up, name }, index) => {
      let parent = index - 1;
      for (let step = 0; step < up && parent !== -1; step++) parent = spans[parent]!.parent;
      spans.push({ parent, name });
    });
    return buildTraceResponse(spans);
  });
