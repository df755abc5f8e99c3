import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { oncePerText } from "./once-per-text.ts";

/** `FOR UPDATE SKIP LOCKED`: each call takes what others leave over; how much of it is for its worker to say. */
export function takesFromQueue(trace: TraceView, call: SpanIndex): boolean {
  return skipsLocked(trace.dbQueryText[call]!);
}

const skipsLocked = oncePerText((text) => /\bskip\s+locked\b|\breadpast\b/i.test(text));
