import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { callKindOf, isDatabaseCall } from "./call-template.ts";
import { logicalParents } from "./logical-parent.ts";
import { oncePerTrace } from "./once-per-trace.ts";

/** The calls of a trace, by start, each once. */
export interface CallsOfTrace {
  /** The nearest span above that the user wrote or called; of every span, -1 for a root. */
  readonly parents: Int32Array;
  readonly calls: readonly SpanIndex[];
}

/**
 * The calls themselves: of an ORM's span and the driver's span for the same query only the driver's, and of a database
 * that speaks HTTP only the query.
 */
export const callsOfTrace = oncePerTrace((trace): CallsOfTrace => {
  const parents = logicalParents(trace);
  const isWrapper = new Uint8Array(trace.size);
  const all: SpanIndex[] = [];
  for (let span = 0; span < trace.size; span++) {
    const kind = callKindOf(trace, span);
    if (kind === null || (kind !== "database" && isBelowQuery(trace, span))) continue;
    all.push(span);
    // A wrapper that is marked already has its own ancestors marked, too: no span is passed twice.
    for (
      let at = trace.parent[span]!;
      at !== parents[span] && at !== -1 && isWrapper[at] === 0;
      at = trace.parent[at]!
    ) {
      isWrapper[at] = 1;
    }
  }
  return { parents, calls: all.filter((span) => isWrapper[span] === 0) };
});

/** The calls under each logical parent, by start; -1: the calls that are roots themselves. */
export const callsByParent = oncePerTrace((trace): ReadonlyMap<SpanIndex, SpanIndex[]> => {
  const { parents, calls } = callsOfTrace(trace);
  const byParent = new Map<SpanIndex, SpanIndex[]>();
  for (const span of calls) {
    const siblings = byParent.get(parents[span]!);
    if (siblings) siblings.push(span);
    else byParent.set(parents[span]!, [span]);
  }
  return byParent;
});

function isBelowQuery(trace: TraceView, span: SpanIndex): boolean {
  const parent = trace.parent[span]!;
  return parent !== -1 && isDatabaseCall(trace, parent);
}
