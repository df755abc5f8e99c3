import type { HeapProfiler } from "node:inspector";
import { stackOf, type TreeNode, toTree } from "./profile-tree.ts";
import type { ProfiledFrame, ProfiledFrames } from "./profiled-frames.ts";
import { StackFolder } from "./stack-folder.ts";

/** V8 has the id, and Node's types have not: the same in every profile of one recording. */
interface HeapNode extends HeapProfiler.SamplingHeapProfileNode {
  readonly id: number;
  readonly children: HeapNode[];
}

/** As V8 gives it. */
export interface HeapProfile {
  readonly head: HeapNode;
}

/** A place of the application that allocates what stays. */
interface AllocationSite {
  readonly frame: ProfiledFrame;
  readonly bytes: number;
}

export interface HeapGrowthSummary {
  /** Of objects that were allocated while the heap was sampled and are still there: by how much they have grown. */
  readonly grownBytes: number;
  /** The application's innermost functions on the stack of the allocation, most first. */
  readonly sites: readonly AllocationSite[];
  /** Folded, as those of a CPU profile, with bytes. */
  readonly stacks: string;
}

const sitesMax = 20;

/** What the second of two sampling profiles of one recording holds more than the first. */
export function summarizeHeapGrowth(
  first: HeapProfile,
  second: HeapProfile,
  frames: ProfiledFrames,
): HeapGrowthSummary {
  const before = new Map(flatten(first.head).map(({ id, selfSize }) => [id, selfSize]));
  const nodes = flatten(second.head);
  const tree = toTree(
    nodes.map(({ id, callFrame, selfSize, children }) => {
      return { id, callFrame, selfSize, children: children.map((child) => child.id) };
    }),
  );
  const folder = new StackFolder(frames);
  const sites = new Map<string, AllocationSite>();
  let grownBytes = 0;
  for (const leaf of tree.values()) {
    const bytes = leaf.node.selfSize - (before.get(leaf.node.id) ?? 0);
    grownBytes += bytes;
    if (bytes <= 0) continue;
    const stack = stackOf(leaf).map(({ node }) => node.callFrame);
    folder.add(stack, bytes);
    const frame = siteOf(leaf, frames);
    if (frame === undefined) continue;
    sites.set(frame.label, { frame, bytes: bytes + (sites.get(frame.label)?.bytes ?? 0) });
  }
  return {
    grownBytes,
    sites: [...sites.values()].sort((a, b) => b.bytes - a.bytes).slice(0, sitesMax),
    stacks: folder.toText(),
  };
}

/** Callers before those whom they call. */
function flatten(head: HeapNode): HeapNode[] {
  const nodes: HeapNode[] = [];
  const open = [head];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    nodes.push(node);
    open.push(...node.children);
  }
  return nodes;
}

function siteOf<Node extends Parameters<typeof toTree>[0][number]>(
  leaf: TreeNode<Node>,
  frames: ProfiledFrames,
): ProfiledFrame | undefined {
  return stackOf(leaf)
    .map(({ node }) => frames.of(node.callFrame))
    .find(({ filePath }) => filePath !== "");
}
