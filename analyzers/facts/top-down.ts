import { childrenOf, type SpanIndex } from "../model/trace-view.ts";
import { oncePerTrace } from "./once-per-trace.ts";

/** All spans, parents before their children: by start, unless a clock or a late callback put a child before its parent. */
export const topDown = oncePerTrace((trace): ArrayLike<SpanIndex> => {
  if (trace.parent.every((parent, span) => parent < span)) return upTo(trace.size);
  const order = [...trace.roots];
  // A list is walked to its end, with what is added on the way.
  for (const span of order) for (const child of childrenOf(trace, span)) order.push(child);
  return order;
});

let numbers = Int32Array.from({ length: 1_024 }, (_, i) => i);

/** 0, 1, 2 … without a list for each trace. */
function upTo(size: number): ArrayLike<number> {
  if (size > numbers.length) numbers = Int32Array.from({ length: 2 * size }, (_, i) => i);
  return numbers.subarray(0, size);
}
