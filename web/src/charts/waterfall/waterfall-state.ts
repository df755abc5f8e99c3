import {
  type Mark,
  nextMarked,
  unfoldTo,
  visibleRows,
  type WaterfallRow,
} from "./waterfall-rows.ts";
import type { TreeNode, WaterfallTree } from "./waterfall-tree.ts";

export interface WaterfallState {
  readonly tree: WaterfallTree;
  readonly toggled: ReadonlySet<TreeNode>;
  readonly rows: readonly WaterfallRow[];
  /** The row that has, or will get, the keyboard's focus. */
  readonly active: TreeNode;
}

export type WaterfallAction =
  | { readonly type: "activate"; readonly node: TreeNode }
  | { readonly type: "toggle"; readonly node: TreeNode }
  | { readonly type: "reveal"; readonly node: TreeNode }
  | { readonly type: "next"; readonly mark: Mark }
  /** Rows down; negative: up. Stops at the first and the last. */
  | { readonly type: "move"; readonly by: number }
  /** Right: unfold, or go to the first child. Left: fold, or go to the parent. */
  | { readonly type: "right" }
  | { readonly type: "left" };

export function createWaterfallState(
  tree: WaterfallTree,
  selected: TreeNode | null,
): WaterfallState {
  const none: ReadonlySet<TreeNode> = new Set();
  const toggled = selected === null ? none : unfoldTo(tree, none, selected);
  const rows = visibleRows(tree, toggled);
  return { tree, toggled, rows, active: selected ?? rows[0]?.node ?? 0 };
}

export function reduceWaterfall(state: WaterfallState, action: WaterfallAction): WaterfallState {
  switch (action.type) {
    case "activate":
      return { ...state, active: action.node };
    case "toggle":
      return toggle(state, action.node);
    case "reveal": {
      const toggled = unfoldTo(state.tree, state.toggled, action.node);
      return { ...withToggled(state, toggled), active: action.node };
    }
    case "next":
      return {
        ...state,
        active: nextMarked(state.tree, state.rows, state.active, action.mark) ?? state.active,
      };
    case "move":
      return move(state, action.by);
    case "right":
      return goRight(state);
    case "left":
      return goLeft(state);
  }
}

function goRight(state: WaterfallState): WaterfallState {
  const row = rowOf(state);
  if (row === undefined || row.isFolded === null) return state;
  return row.isFolded ? toggle(state, row.node) : move(state, 1);
}

function goLeft(state: WaterfallState): WaterfallState {
  const row = rowOf(state);
  if (row === undefined) return state;
  if (row.isFolded === false) return toggle(state, row.node);
  const parent = state.tree.parent[row.node]!;
  return parent === -1 ? state : { ...state, active: parent };
}

function move(state: WaterfallState, by: number): WaterfallState {
  const last = state.rows.length - 1;
  const index = state.rows.findIndex((row) => row.node === state.active);
  const row = state.rows[Math.max(0, Math.min(last, index + by))];
  return row === undefined ? state : { ...state, active: row.node };
}

/** The toggled row becomes the active one: it is on screen whatever it hides. */
function toggle(state: WaterfallState, node: TreeNode): WaterfallState {
  const toggled = new Set(state.toggled);
  if (!toggled.delete(node)) toggled.add(node);
  return { ...withToggled(state, toggled), active: node };
}

function withToggled(state: WaterfallState, toggled: ReadonlySet<TreeNode>): WaterfallState {
  return { ...state, toggled, rows: visibleRows(state.tree, toggled) };
}

function rowOf({ rows, active }: WaterfallState): WaterfallRow | undefined {
  return rows.find((row) => row.node === active);
}
