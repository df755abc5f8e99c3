import { childrenOf, type SpanIndex, type TraceTree } from "../model/trace-view.ts";

/** Spans in the order in which a waterfall shows them: depth first, siblings by start. */
export interface Waterfall {
  readonly order: readonly SpanIndex[];
  /** By place in `order`: the parent's place, or -1. */
  readonly parent: readonly number[];
  readonly depth: readonly number[];
}

/** Orders a trace for display. Walks with a stack, so that no depth of nesting can exhaust ours. */
export function toWaterfall(trace: TraceTree): Waterfall {
  const order: SpanIndex[] = [];
  const depthOf = new Int32Array(trace.size);
  const placeOf = new Int32Array(trace.size);
  const stack = [...trace.roots].reverse();
  while (stack.length > 0) {
    const span = stack.pop()!;
    placeOf[span] = order.push(span) - 1;
    const children = childrenOf(trace, span);
    for (let i = children.length - 1; i >= 0; i--) {
      depthOf[children[i]!] = depthOf[span]! + 1;
      stack.push(children[i]!);
    }
  }
  return {
    order,
    parent: order.map((span) => (trace.parent[span] === -1 ? -1 : placeOf[trace.parent[span]!]!)),
    depth: order.map((span) => depthOf[span]!),
  };
}
