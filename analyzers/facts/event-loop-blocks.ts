import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { oncePerTrace } from "./once-per-trace.ts";

/** What the agent calls the span, below each request's, in which the event loop of its process was blocked. */
export const blockSpanName = "event loop blocked";

/** The spans that tell of a blocked event loop, by start. */
export const eventLoopBlocks = oncePerTrace((trace): readonly SpanIndex[] => {
  const { name } = trace;
  const blocks: SpanIndex[] = [];
  for (let span = 0; span < name.length; span++) {
    if (name[span] === blockSpanName) blocks.push(span);
  }
  return blocks;
});

/** Time of the span in which the event loop of its process was blocked: its answer lay there and could not be read. */
export function blockedNs(trace: TraceView, span: SpanIndex): number {
  let sum = 0;
  for (const block of eventLoopBlocks(trace)) {
    if (trace.resourceId[block] !== trace.resourceId[span]) continue;
    const start = Math.max(trace.start[block]!, trace.start[span]!);
    sum += Math.max(0, Math.min(trace.end[block]!, trace.end[span]!) - start);
  }
  return sum;
}
