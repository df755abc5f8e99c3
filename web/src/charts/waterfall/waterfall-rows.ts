import { rangesOf, type TreeNode, type WaterfallTree } from "./waterfall-tree.ts";

/** A node that no fold hides, with its place for the eye and for assistive technology. */
export interface WaterfallRow {
  readonly node: TreeNode;
  /** 1: a root. A member of an unfolded group is one level below the group. */
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  /** null: nothing to fold. */
  readonly isFolded: boolean | null;
}

/** Groups start folded, spans unfolded; `toggled` are the nodes of which the reader wanted the opposite. */
export function visibleRows(tree: WaterfallTree, toggled: ReadonlySet<TreeNode>): WaterfallRow[] {
  const rows: WaterfallRow[] = [];
  const pending: WaterfallRow[] = toRows(tree, toggled, tree.roots, 1).reverse();
  for (let row = pending.pop(); row !== undefined; row = pending.pop()) {
    rows.push(row);
    if (row.isFolded !== false) continue;
    const below = toRows(tree, toggled, tree.children.get(row.node)!, row.level + 1);
    for (let index = below.length - 1; index >= 0; index--) pending.push(below[index]!);
  }
  return rows;
}

function toRows(
  tree: WaterfallTree,
  toggled: ReadonlySet<TreeNode>,
  nodes: readonly TreeNode[],
  level: number,
): WaterfallRow[] {
  const spans = tree.trace.spanId.length;
  return nodes.map((node, index) => ({
    node,
    level,
    position: index + 1,
    siblings: nodes.length,
    isFolded: tree.children.has(node) ? node >= spans !== toggled.has(node) : null,
  }));
}

/** `toggled`, changed so that no fold hides `node`. */
export function unfoldTo(
  tree: WaterfallTree,
  toggled: ReadonlySet<TreeNode>,
  node: TreeNode,
): ReadonlySet<TreeNode> {
  const spans = tree.trace.spanId.length;
  const changed = new Set(toggled);
  for (let above = tree.parent[node]!; above !== -1; above = tree.parent[above]!) {
    if (above >= spans) changed.add(above);
    else changed.delete(above);
  }
  return changed;
}

export type Mark = "critical" | "error" | "finding";

/** Whether the row, with what is folded into it, carries the mark. */
function hasMark(tree: WaterfallTree, { node, isFolded }: WaterfallRow, mark: Mark): boolean {
  const before = {
    critical: tree.firstSection,
    error: tree.errorsBefore,
    finding: tree.findingsBefore,
  }[mark];
  return rangesOf(tree, node, isFolded === true).some(([from, to]) => before[to]! > before[from]!);
}

/** The next marked row after `active`, from the top again after the last; `active` itself when it is the only one. */
export function nextMarked(
  tree: WaterfallTree,
  rows: readonly WaterfallRow[],
  active: TreeNode,
  mark: Mark,
): TreeNode | null {
  const from = rows.findIndex((row) => row.node === active) + 1;
  const inOrder = [...rows.slice(from), ...rows.slice(0, from)];
  return inOrder.find((row) => hasMark(tree, row, mark))?.node ?? null;
}
