import { childrenOf, type SpanIndex, spanKind, type TraceTree } from "../model/trace-view.ts";

/** A child that its parent waits for, in the clock of the span from which the walk began. */
export interface BlockingChild {
  readonly span: SpanIndex;
  readonly start: number;
  readonly end: number;
  /** What was added to the child's own times, and has to be added to those of all spans below it. */
  readonly skewNs: number;
}

export interface BlockingOptions {
  /** Spans known to run without being waited for: marked by the agent, or learned over many traces. */
  readonly isUnawaited?: (span: SpanIndex) => boolean;
}

/**
 * The children that `parent` waits for. A message that a producer sends off is not waited for; neither is a link,
 * which is no child at all. A child that outlives its parent counts as waited for: one trace alone can't tell.
 */
export function blockingChildren(
  trace: TraceTree,
  parent: SpanIndex,
  parentSkewNs: number,
  { isUnawaited }: BlockingOptions,
): BlockingChild[] {
  const children: BlockingChild[] = [];
  for (const span of childrenOf(trace, parent)) {
    if (isMessage(trace, parent, span) || isUnawaited?.(span)) continue;
    const skewNs = parentSkewNs + clockSkewNs(trace, parent, span);
    children.push({
      span,
      start: trace.start[span]! + skewNs,
      end: trace.end[span]! + skewNs,
      skewNs,
    });
  }
  return children;
}

/**
 * By how much one call may run into the next and still count as before it: clocks tick coarsely, and a callback may
 * end its span after the next call began.
 */
export function overlapAllowanceNs(parentDurationNs: number): number {
  return Math.min(parentDurationNs / 100, 1_000_000);
}

function isMessage(trace: TraceTree, parent: SpanIndex, child: SpanIndex): boolean {
  return trace.kind[parent] === spanKind.producer && trace.kind[child] === spanKind.consumer;
}

/**
 * Two hosts' clocks differ when the server's span is not inside the client's. A server span that fits is put into the
 * middle of its client's, as half of the difference is the way there and half the way back; one that doesn't fit stays.
 */
function clockSkewNs(trace: TraceTree, client: SpanIndex, server: SpanIndex): number {
  if (trace.kind[client] !== spanKind.client || trace.kind[server] !== spanKind.server) return 0;
  if (trace.resourceId[client] === trace.resourceId[server]) return 0;
  const early = trace.start[client]! - trace.start[server]!;
  const late = trace.end[server]! - trace.end[client]!;
  const spare = -(early + late);
  if ((early <= 0 && late <= 0) || spare < 0) return 0;
  return early + Math.floor(spare / 2);
}
