import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import type { RepeatedCalls } from "./repeated-calls.ts";

/** Calls of one turn of a loop; what makes more is no longer one loop to a reader. */
const patternCallsMax = 8;
/** Of ten turns one may lack a call, or have one more: a row without a customer. */
const mismatchShareMax = 0.1;

/**
 * Puts the groups of repeated calls that one loop makes into one pattern, the call of a turn that comes first in front:
 *
 *   for each order:   SELECT customers   |─|      |─|      |─|          one pattern of two calls,
 *                     GET /stock/{id}       |──|     |──|     |──|      five times
 *
 * One after the other the calls take turns; in a loop whose turns run at once they are as many and at the same time.
 * A call that repeats alone is a pattern of one. In order of `groups`, which is by start.
 */
export function callPatterns(
  trace: TraceView,
  groups: readonly RepeatedCalls[],
): (readonly RepeatedCalls[])[] {
  const patterns: RepeatedCalls[][] = [];
  for (const group of groups) {
    const same = patterns.find(
      (pattern) => pattern.length < patternCallsMax && isSameLoop(trace, pattern[0]!, group),
    );
    if (same) same.push(group);
    else patterns.push([group]);
  }
  return patterns;
}

function isSameLoop(trace: TraceView, a: RepeatedCalls, b: RepeatedCalls): boolean {
  if (a.logicalParent !== b.logicalParent || a.logicalParent === -1) return false;
  if (trace.service[a.spans[0]!] !== trace.service[b.spans[0]!]) return false;
  const mismatches = Math.floor(Math.max(a.repeats, b.repeats) * mismatchShareMax);
  if (Math.abs(a.repeats - b.repeats) > mismatches) return false;
  return a.mode === "sequential" && b.mode === "sequential"
    ? countMismatches(trace, a.spans, b.spans) <= mismatches
    : startsWithin(trace, a.spans, b.spans);
}

/** Turns, from one call of `a` to the next, that do not hold exactly one call of `b`. */
function countMismatches(
  trace: TraceView,
  a: readonly SpanIndex[],
  b: readonly SpanIndex[],
): number {
  let mismatches = 0;
  let at = 0;
  for (const [turn, span] of a.entries()) {
    const next = a[turn + 1];
    const until = next === undefined ? Infinity : trace.start[next]!;
    let inside = 0;
    while (at < b.length && trace.start[b[at]!]! < until) {
      if (trace.start[b[at]!]! >= trace.start[span]!) inside++;
      at++;
    }
    if (inside !== 1) mismatches++;
  }
  return mismatches;
}

/** Whether the first of `b` starts while calls of `a` still run. */
function startsWithin(trace: TraceView, a: readonly SpanIndex[], b: readonly SpanIndex[]): boolean {
  const end = a.reduce((latest, span) => Math.max(latest, trace.end[span]!), 0);
  return trace.start[b[0]!]! < end;
}
