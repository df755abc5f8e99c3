import type { TraceView } from "../model/trace-view.ts";

/**
 * A fact that is computed when it is first asked for, and then the same for all detectors that look at this trace. It
 * goes with its trace.
 */
export function oncePerTrace<Fact>(
  compute: (trace: TraceView) => Fact,
): (trace: TraceView) => Fact {
  const known = new WeakMap<TraceView, Fact>();
  return (trace) => {
    const found = known.get(trace);
    if (found !== undefined) return found;
    const fact = compute(trace);
    known.set(trace, fact);
    return fact;
  };
}
