import type { CriticalSectionView } from "../../../../analyzers/model/waterfall-view.ts";
import type { TraceResponse } from "../../../../collector/api/responses.ts";

/** Index of a span, or the number of spans + the index of a group. */
export type TreeNode = number;

/**
 * Siblings that are the same call again and again stand behind one node:
 *
 *   GET /orders              GET /orders
 *     SELECT orders            SELECT orders
 *     SELECT products    ->    ×20 SELECT products       <- group, folded at first
 *     SELECT products            SELECT products …
 */
interface SpanGroup {
  /** By start; at least two. */
  readonly spans: readonly number[];
  /** Calls that the spans stand for: Σ repeats. */
  readonly calls: number;
}

/** A trace as the waterfall walks it. Spans are depth first, so a subtree is the range [span, span + size). */
export interface WaterfallTree {
  readonly trace: TraceResponse;
  readonly groups: readonly SpanGroup[];
  readonly roots: readonly TreeNode[];
  readonly children: ReadonlyMap<TreeNode, readonly TreeNode[]>;
  /** By node; -1: a root. */
  readonly parent: Int32Array;
  /** By span: spans in its subtree, itself included. */
  readonly size: Int32Array;
  /** The critical path by span; those of span i are [firstSection[i], firstSection[i + 1]). */
  readonly sections: readonly CriticalSectionView[];
  readonly firstSection: Int32Array;
  /** By span: spans before it that have an error, or a finding. */
  readonly errorsBefore: Int32Array;
  readonly findingsBefore: Int32Array;
}

const GROUP_CALLS_MIN = 5;
const ROOT = -1;

export function createWaterfallTree(trace: TraceResponse): WaterfallTree {
  const sections = [...trace.criticalPath].sort((a, b) => a.span - b.span);
  const spansOfFindings = new Set(trace.findings.flatMap((finding) => finding.spanIds));
  return {
    trace,
    ...groupSiblings(trace),
    size: subtreeSizes(trace.parent),
    sections,
    firstSection: firstSections(sections, trace.spanId.length),
    errorsBefore: countBefore(trace.hasError),
    findingsBefore: countBefore(trace.spanId.map((id) => spansOfFindings.has(id))),
  };
}

/** The ranges of spans that a node's row stands for: itself, or while folded also what is folded into it. */
export function rangesOf(
  { size, groups, trace }: WaterfallTree,
  node: TreeNode,
  isFolded: boolean,
): readonly (readonly [from: number, to: number])[] {
  const group = groups[node - trace.spanId.length];
  if (group !== undefined) return group.spans.map((span) => [span, span + size[span]!]);
  return [[node, node + (isFolded ? size[node]! : 1)]];
}

function groupSiblings(trace: TraceResponse) {
  const spans = trace.spanId.length;
  const groups: SpanGroup[] = [];
  const children = new Map<TreeNode, readonly TreeNode[]>();
  const parent = [...trace.parent];

  for (const [of, siblings] of spansByParent(trace)) {
    const nodes: TreeNode[] = [];
    for (const same of sameCalls(trace, siblings)) {
      const calls = same.reduce((sum, span) => sum + trace.repeats[span]!, 0);
      if (same.length < 2 || calls < GROUP_CALLS_MIN) {
        nodes.push(...same);
        continue;
      }
      const group = spans + groups.length;
      groups.push({ spans: same, calls });
      children.set(group, same);
      parent[group] = of;
      for (const span of same) parent[span] = group;
      nodes.push(group);
    }
    children.set(
      of,
      nodes.sort((a, b) => startOf(trace, groups, a) - startOf(trace, groups, b)),
    );
  }
  const roots = children.get(ROOT) ?? [];
  children.delete(ROOT);
  return { groups, roots, children, parent: Int32Array.from(parent) };
}

function spansByParent(trace: TraceResponse): Map<TreeNode, number[]> {
  return Map.groupBy(trace.parent.keys(), (span) => trace.parent[span]!);
}

function sameCalls(trace: TraceResponse, siblings: number[]): Iterable<number[]> {
  return Map.groupBy(siblings, (span) => `${trace.service[span]}\n${trace.name[span]}`).values();
}

function startOf(trace: TraceResponse, groups: readonly SpanGroup[], node: TreeNode): number {
  const first = groups[node - trace.spanId.length]?.spans[0] ?? node;
  return trace.startNs[first]!;
}

function subtreeSizes(parent: readonly number[]): Int32Array {
  const size = new Int32Array(parent.length).fill(1);
  for (let span = parent.length - 1; span >= 0; span--) {
    const of = parent[span]!;
    if (of !== ROOT) size[of]! += size[span]!;
  }
  return size;
}

function firstSections(sections: readonly CriticalSectionView[], spans: number): Int32Array {
  const first = new Int32Array(spans + 1);
  for (const { span } of sections) first[span + 1]! += 1;
  for (let span = 0; span < spans; span++) first[span + 1]! += first[span]!;
  return first;
}

function countBefore(flags: readonly boolean[]): Int32Array {
  const before = new Int32Array(flags.length + 1);
  flags.forEach((flag, index) => {
    before[index + 1] = before[index]! + Number(flag);
  });
  return before;
}
