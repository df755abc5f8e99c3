import { type CallFrame, keyOf } from "./profiled-frames.ts";

/** A node of V8's profiles: a function, called by the one above it. */
interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[] | undefined;
}

/** A node with what led to it. */
export interface TreeNode<Node extends ProfileNode> {
  readonly node: Node;
  /** Equal for equal functions. */
  readonly key: string;
  readonly parent: TreeNode<Node> | undefined;
}

/** Nodes by their id; callers come before those whom they call. */
export function toTree<Node extends ProfileNode>(
  nodes: readonly Node[],
): Map<number, TreeNode<Node>> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const tree = new Map<number, TreeNode<Node>>();
  const [root] = nodes;
  if (root === undefined) return tree;
  const open: { id: number; parent: TreeNode<Node> | undefined }[] = [
    { id: root.id, parent: undefined },
  ];
  // Grows while it is walked.
  for (const { id, parent } of open) {
    const node = byId.get(id);
    if (node === undefined || tree.has(id)) continue;
    const entry = { node, key: keyOf(node.callFrame), parent };
    tree.set(id, entry);
    for (const child of node.children ?? []) open.push({ id: child, parent: entry });
  }
  return tree;
}

/** Innermost first, the root left out. */
export function stackOf<Node extends ProfileNode>(leaf: TreeNode<Node>): TreeNode<Node>[] {
  const stack: TreeNode<Node>[] = [];
  for (let at = leaf; at.parent !== undefined; at = at.parent) stack.push(at);
  return stack;
}
