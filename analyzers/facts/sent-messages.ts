import type { GuardId } from "../detector.ts";
import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { callKindOf, operationOf } from "./call-template.ts";
import { databaseChanges } from "./data-change.ts";
import { sumNs } from "./interval-union.ts";
import type { RepeatedCalls } from "./repeated-calls.ts";

export function isSentMessage(trace: TraceView, call: SpanIndex): boolean {
  return callKindOf(trace, call) === "messaging" && operationOf(trace, call) === "write";
}

/** Who only writes into a socket, and leaves the rest to its library, is done in less. */
const answerNsMin = 1e6;

/** Why messages need not be sent together; undefined: each waits for its own answer, and one call could send all of them. */
export function guardOfMessages(
  trace: TraceView,
  { spans, repeats, mode }: RepeatedCalls,
): GuardId | undefined {
  const isAwaited = mode === "sequential" && sumNs(trace, spans) >= answerNsMin * repeats;
  if (!isAwaited) return "pipeline";
  const [first, last] = [spans[0]!, spans.at(-1)!];
  // An outbox notes each message that is sent, before it sends the next one.
  const notes = databaseChanges(trace).filter((change) => change > first && change < last);
  return notes.length >= spans.length - 1 ? "written-between" : undefined;
}
