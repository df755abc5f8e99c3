import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { callLabel, isDatabaseCall } from "./call-template.ts";
import { type CriticalSection, criticalPath } from "./critical-path.ts";

/** One endpoint's critical path over many traces. */
export interface CriticalPathProfile {
  readonly traces: number;
  readonly meanDurationNs: number;
  /** Most time first. The `meanSelfNs` of all call paths, also of those cut off by `rowsMax`, sum to `meanDurationNs`. */
  readonly rows: readonly ProfileRow[];
}

/** One call path; equal siblings are one row. All numbers are weighted by the traces' weight. */
interface ProfileRow {
  /** From the endpoint down. */
  readonly path: readonly string[];
  readonly service: string;
  /** Share of the traces that have it on their critical path. */
  readonly presence: number;
  readonly meanSelfNs: number;
  /** Share of the mean duration. */
  readonly share: number;
  /** The same over the slowest 5 % of the traces. */
  readonly shareOfSlow: number;
}

export interface ProfiledTrace {
  readonly trace: TraceView;
  readonly endpointSpan: SpanIndex;
}

interface ProfileOptions {
  readonly rowsMax?: number;
  /** Spans that nobody waits for, as learned over these traces. */
  readonly isUnawaited?: (trace: TraceView, span: SpanIndex) => boolean;
}

/** Levels that are told apart; what lies deeper counts for its ancestor. */
const depthMax = 40;
const slowShare = 0.05;

export function criticalPathProfile(
  traces: readonly ProfiledTrace[],
  { rowsMax = 100, isUnawaited = () => false }: ProfileOptions = {},
): CriticalPathProfile {
  const paths = new CallPaths();
  const isSlow = slowest(traces);
  const all: Total = { weight: 0, durationNs: 0, slowNs: 0 };
  for (const [i, { trace, endpointSpan }] of traces.entries()) {
    const weight = trace.weight[endpointSpan]!;
    const durationNs = weight * (trace.end[endpointSpan]! - trace.start[endpointSpan]!);
    all.weight += weight;
    all.durationNs += durationNs;
    if (isSlow[i]) all.slowNs += durationNs;
    const sections = criticalPath(trace, endpointSpan, {
      isUnawaited: (span) => isUnawaited(trace, span),
    });
    for (const [path, selfNs] of selfTimes(trace, endpointSpan, sections, paths)) {
      path.weight += weight;
      path.durationNs += weight * selfNs;
      if (isSlow[i]) path.slowNs += weight * selfNs;
    }
  }
  return {
    traces: traces.length,
    meanDurationNs: divide(all.durationNs, all.weight),
    rows: paths.list
      .filter(({ durationNs }) => durationNs > 0)
      .sort((a, b) => b.durationNs - a.durationNs)
      .slice(0, rowsMax)
      .map((path) => toRow(path, all)),
  };
}

interface Total {
  weight: number;
  durationNs: number;
  slowNs: number;
}

interface CallPath extends Total {
  readonly parent: CallPath | undefined;
  readonly depth: number;
  readonly name: string;
  readonly service: string;
  readonly children: Map<string, CallPath>;
}

/** A tree of names: equal siblings of all traces meet in one node. */
class CallPaths {
  readonly list: CallPath[] = [];
  readonly #roots = new Map<string, CallPath>();

  find(trace: TraceView, span: SpanIndex, parent: CallPath | undefined): CallPath {
    if (parent !== undefined && parent.depth === depthMax) return parent;
    const name = isDatabaseCall(trace, span) ? callLabel(trace, span) : trace.name[span]!;
    const service = trace.service[span]!;
    const siblings = parent?.children ?? this.#roots;
    const known = siblings.get(`${service} ${name}`);
    if (known !== undefined) return known;
    const depth = (parent?.depth ?? 0) + 1;
    const totals: Total = { weight: 0, durationNs: 0, slowNs: 0 };
    const path: CallPath = { parent, depth, name, service, children: new Map(), ...totals };
    siblings.set(`${service} ${name}`, path);
    this.list.push(path);
    return path;
  }
}

/** Time on the critical path by call path. */
function selfTimes(
  trace: TraceView,
  endpointSpan: SpanIndex,
  sections: readonly CriticalSection[],
  paths: CallPaths,
): Map<CallPath, number> {
  const pathOf = new Map<SpanIndex, CallPath>([
    [endpointSpan, paths.find(trace, endpointSpan, undefined)],
  ]);
  const times = new Map<CallPath, number>();
  for (const { span, start, end } of sections) {
    const missing: SpanIndex[] = [];
    for (let at = span; !pathOf.has(at); at = trace.parent[at]!) missing.push(at);
    for (const at of missing.reverse()) {
      pathOf.set(at, paths.find(trace, at, pathOf.get(trace.parent[at]!)));
    }
    const path = pathOf.get(span)!;
    times.set(path, (times.get(path) ?? 0) + end - start);
  }
  return times;
}

/** Marks the slowest traces that hold 5 % of the weight; at least one. */
function slowest(traces: readonly ProfiledTrace[]): Uint8Array {
  const isSlow = new Uint8Array(traces.length);
  const weightOf = ({ trace, endpointSpan }: ProfiledTrace) => trace.weight[endpointSpan]!;
  const durationOf = ({ trace, endpointSpan }: ProfiledTrace) =>
    trace.end[endpointSpan]! - trace.start[endpointSpan]!;
  let left = slowShare * traces.reduce((sum, sampled) => sum + weightOf(sampled), 0);
  const bySlowness = [...traces.keys()].sort(
    (a, b) => durationOf(traces[b]!) - durationOf(traces[a]!),
  );
  for (const i of bySlowness) {
    if (left <= 0) break;
    isSlow[i] = 1;
    left -= weightOf(traces[i]!);
  }
  return isSlow;
}

function toRow(path: CallPath, all: Total): ProfileRow {
  const names: string[] = [];
  for (let at: CallPath | undefined = path; at !== undefined; at = at.parent) names.push(at.name);
  return {
    path: names.reverse(),
    service: path.service,
    presence: divide(path.weight, all.weight),
    meanSelfNs: divide(path.durationNs, all.weight),
    share: divide(path.durationNs, all.durationNs),
    shareOfSlow: divide(path.slowNs, all.slowNs),
  };
}

function divide(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
