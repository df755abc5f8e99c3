import type { CriticalSectionView } from "../../../../analyzers/model/waterfall-view.ts";
import type { TraceFinding } from "../../../../collector/api/responses.ts";
import { formatDuration } from "../../format/format-duration.ts";
import { formatCount } from "../../format/format-number.ts";
import type { Section } from "./bar-path.ts";
import type { WaterfallRow } from "./waterfall-rows.ts";
import { rangesOf, type WaterfallTree } from "./waterfall-tree.ts";

/** What a row shows and says. A folded row speaks for all that is folded into it. */
export interface RowDescription {
  readonly isGroup: boolean;
  readonly name: string;
  readonly service: string;
  /** Calls that the row stands for. */
  readonly calls: number;
  /** First start to last end. */
  readonly startNs: number;
  readonly durationNs: number;
  /** When the row's own spans ran. */
  readonly bars: readonly Section[];
  readonly critical: readonly CriticalSectionView[];
  readonly criticalNs: number;
  readonly hasError: boolean;
  readonly findings: readonly TraceFinding[];
  /** All of it in one sentence. */
  readonly label: string;
}

export function describeRow(tree: WaterfallTree, row: WaterfallRow): RowDescription {
  const { trace, groups } = tree;
  const group = groups[row.node - trace.spanId.length];
  const spans = group?.spans ?? [row.node];
  const first = spans[0]!;
  const ranges = rangesOf(tree, row.node, row.isFolded === true);
  const bars = spans.map((span) => ({
    startNs: trace.startNs[span]!,
    endNs: trace.startNs[span]! + trace.durationNsOf[span]!,
  }));
  const critical = ranges.flatMap(([from, to]) =>
    tree.sections.slice(tree.firstSection[from], tree.firstSection[to]),
  );
  const startNs = trace.startNs[first]!;
  const described = {
    isGroup: group !== undefined,
    name: trace.name[first]!,
    service: trace.service[first]!,
    calls: group?.calls ?? trace.repeats[first]!,
    startNs,
    durationNs: bars.reduce((end, bar) => Math.max(end, bar.endNs), 0) - startNs,
    bars,
    critical,
    criticalNs: critical.reduce((sum, section) => sum + section.endNs - section.startNs, 0),
    hasError: ranges.some(([from, to]) => tree.errorsBefore[to]! > tree.errorsBefore[from]!),
    findings: findingsIn(tree, ranges),
  };
  return { ...described, label: labelOf(described) };
}

function findingsIn(
  { trace, findingsBefore }: WaterfallTree,
  ranges: readonly (readonly [number, number])[],
): TraceFinding[] {
  const spanIds = new Set<string>();
  for (const [from, to] of ranges) {
    if (findingsBefore[to] === findingsBefore[from]) continue;
    for (let span = from; span < to; span++) spanIds.add(trace.spanId[span]!);
  }
  if (spanIds.size === 0) return [];
  return trace.findings.filter((finding) => finding.spanIds.some((id) => spanIds.has(id)));
}

function labelOf(row: Omit<RowDescription, "label">): string {
  const parts = [
    row.calls > 1 ? `${formatCount(row.calls)} times ${row.name}` : row.name,
    row.service,
    formatDuration(row.durationNs),
    `starts at ${formatDuration(row.startNs)}`,
  ];
  if (row.criticalNs > 0) parts.push(`${formatDuration(row.criticalNs)} on the critical path`);
  if (row.hasError) parts.push("error");
  for (const { title } of row.findings) parts.push(`finding: ${title}`);
  return parts.join(", ");
}
