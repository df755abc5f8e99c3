import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { oncePerText } from "./once-per-text.ts";

/** Calls of one shape under one parent that are told apart; what comes after them is a loop's, and looked at as one call. */
const firstsMax = 3;
/** Calls under one parent, loops counted so: of a parent with more nothing is learned, for pairs grow with the square. */
const callsMax = 24;

/** A call under one parent, or what is left of a loop behind its first calls. */
export interface SiblingCall {
  readonly span: SpanIndex;
  readonly shape: number;
  /** Which of its shape it is: 1 … `firstsMax`, or `later`. */
  readonly nth: number;
  readonly start: number;
  /** Of `later`: spans so far, and the end of the last of them. */
  spans: number;
  end: number;
  isLoop: boolean;
}

/** All of a shape but its first calls. */
const later = firstsMax + 1;

interface SiblingCalls {
  readonly calls: readonly SiblingCall[];
  /** Which of `calls` each of the spans is. */
  readonly places: readonly number[];
}

/** The calls of one parent, as they are told apart; null: too many. Few are compared each with each. */
export function siblingCalls(trace: TraceView, spans: readonly SpanIndex[]): SiblingCalls | null {
  const shapes = trace.codes("shapeId");
  const calls: SiblingCall[] = [];
  const places: number[] = [];
  for (const span of spans) {
    const shape = shapes[span]!;
    // A summary span is many calls, the first ones of which went before it.
    const isSummary = trace.repeats[span] !== 1;
    const nth = isSummary ? later : nthOf(calls, shape);
    const known = nth === later ? placeOfLater(calls, shape) : -1;
    if (known !== -1) {
      addTo(calls[known]!, trace.end[span]!);
      places.push(known);
      continue;
    }
    if (calls.length === callsMax) return null;
    places.push(calls.length);
    const [start, end] = [trace.start[span]!, trace.end[span]!];
    calls.push({ span, shape, nth, start, spans: 1, end, isLoop: isSummary });
  }
  return { calls, places };
}

function nthOf(calls: readonly SiblingCall[], shape: number): number {
  let before = 0;
  for (let i = 0; i < calls.length; i++) if (calls[i]!.shape === shape) before += calls[i]!.spans;
  return Math.min(before + 1, later);
}

function placeOfLater(calls: readonly SiblingCall[], shape: number): number {
  return calls.findIndex((call) => call.shape === shape && call.nth === later);
}

function addTo(call: SiblingCall, end: number): void {
  call.isLoop = true;
  call.spans++;
  call.end = Math.max(call.end, end);
}

/** Names of calls of one shape under one parent: they come again with every trace, and are put together once. */
const namesOf = oncePerText(
  (parent) => oncePerText((shape) => namesOfShape(`${parent} ${shape}`), callsMax),
  1_000,
);

function namesOfShape(call: string): string[] {
  const firsts = Array.from({ length: firstsMax }, (_, i) => `${call}#${i + 1}`);
  return [...firsts, `${call}#later`];
}

/** Names the call in every trace: its parent, its shape, and which of its shape it is. */
export function callKey(trace: TraceView, parent: SpanIndex, { span, nth }: SiblingCall): string {
  return namesOf(trace.name[parent]!)(trace.shapeId[span]!)[nth - 1]!;
}
