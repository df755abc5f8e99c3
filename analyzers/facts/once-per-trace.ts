import type { TraceView } from "../model/trace-view.ts";

let facts = 0;

/**
 * A fact that is computed when it is first asked for, and then the same for all detectors that look at this trace. It
 * goes with its trace. Never undefined.
 */
export function oncePerTrace<Fact>(
  compute: (trace: TraceView) => Fact,
): (trace: TraceView) => Fact {
  // A place in the trace, and not a map of traces: facts are asked for more often than anything else.
  const place = facts++;
  return (trace) => {
    trace.facts[place] ??= compute(trace);
    return trace.facts[place] as Fact;
  };
}
