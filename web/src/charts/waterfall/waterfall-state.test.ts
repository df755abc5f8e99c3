import { describe, expect, test } from "vitest";
import { buildTraceResponse, ordersTrace } from "./build-trace-response.ts";
import {
  createWaterfallState,
  reduceWaterfall,
  type WaterfallAction,
  type WaterfallState,
} from "./waterfall-state.ts";
import { createWaterfallTree } from "./waterfall-tree.ts";

const GROUP = ordersTrace.length;
const tree = createWaterfallTree(buildTraceResponse(ordersTrace));

function after(start: WaterfallState, ...actions: WaterfallAction[]): WaterfallState {
  return actions.reduce(reduceWaterfall, start);
}

describe("reduceWaterfall", () => {
  const start = createWaterfallState(tree, null);

  test("starts on the first row, with four rows in sight", () => {
    expect(start.active).toBe(0);
    expect(start.rows).toHaveLength(4);
  });

  test("starts on the selected span, in sight though a group folds it", () => {
    const selected = createWaterfallState(tree, 5);
    expect(selected.active).toBe(5);
    expect(selected.rows.map(({ node }) => node)).toContain(5);
  });

  test("stops at the first and at the last row", () => {
    expect(after(start, { type: "move", by: -1 }).active).toBe(0);
    expect(after(start, { type: "move", by: Number.POSITIVE_INFINITY }).active).toBe(8);
    expect(after(start, { type: "move", by: Number.NEGATIVE_INFINITY }).active).toBe(0);
  });

  test("right unfolds, then goes to the first child", () => {
    const unfolded = after(start, { type: "activate", node: GROUP }, { type: "right" });
    expect(unfolded.active).toBe(GROUP);
    expect(unfolded.rows).toHaveLength(10);
    expect(after(unfolded, { type: "right" }).active).toBe(2);
  });

  test("left goes to the parent, then folds it", () => {
    const atChild = after(start, { type: "reveal", node: 5 });
    expect(after(atChild, { type: "left" }).active).toBe(4);
    expect(after(atChild, { type: "left" }, { type: "left" }).rows).toHaveLength(9);
    const atGroup = after(start, { type: "reveal", node: 2 }, { type: "left" });
    expect(atGroup.active).toBe(GROUP);
    expect(after(atGroup, { type: "left" }).rows).toHaveLength(4);
  });

  test("right on a span without children changes nothing", () => {
    const atLeaf = after(start, { type: "activate", node: 1 });
    expect(after(atLeaf, { type: "right" })).toBe(atLeaf);
  });

  test("next goes to the row with the mark, and stays when there is none", () => {
    expect(after(start, { type: "next", mark: "error" }).active).toBe(GROUP);
    expect(after(start, { type: "next", mark: "finding" }).active).toBe(0);
  });
});
