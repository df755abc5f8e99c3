import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { type CallKind, callKindOf, isDatabaseCall } from "./call-template.ts";
import { logicalParents } from "./logical-parent.ts";
import { oncePerTrace } from "./once-per-trace.ts";

/** The calls of a trace, by start, each once. */
export interface CallsOfTrace {
  /** The nearest span above that the user wrote or called; of every span, -1 for a root. */
  readonly parents: Int32Array;
  readonly calls: readonly SpanIndex[];
  /** Place of a call in `calls`. */
  readonly placeOf: ReadonlyMap<SpanIndex, number>;
  readonly kindOf: ReadonlyMap<SpanIndex, CallKind>;
}

/**
 * The calls themselves: of an ORM's span and the driver's span for the same query only the driver's, and of a database
 * that speaks HTTP only the query.
 */
export const callsOfTrace = oncePerTrace((trace): CallsOfTrace => {
  const parents = logicalParents(trace);
  const isWrapper = new Uint8Array(trace.size);
  const kindOf = new Map<SpanIndex, CallKind>();
  for (let span = 0; span < trace.size; span++) {
    const kind = callKindOf(trace, span);
    if (kind === null || (kind !== "database" && isBelowQuery(trace, span))) continue;
    kindOf.set(span, kind);
    // A wrapper that is marked already has its own ancestors marked, too: no span is passed twice.
    for (
      let at = trace.parent[span]!;
      at !== parents[span] && at !== -1 && isWrapper[at] === 0;
      at = trace.parent[at]!
    ) {
      isWrapper[at] = 1;
    }
  }
  const calls = [...kindOf.keys()].filter((span) => isWrapper[span] === 0);
  return { parents, calls, placeOf: new Map(calls.map((span, place) => [span, place])), kindOf };
});

function isBelowQuery(trace: TraceView, span: SpanIndex): boolean {
  const parent = trace.parent[span]!;
  return parent !== -1 && isDatabaseCall(trace, parent);
}
