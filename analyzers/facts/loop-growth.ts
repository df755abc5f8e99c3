import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import { callLabel, operationOf } from "./call-template.ts";
import { callsOfTrace } from "./calls-of-trace.ts";
import { unionNs } from "./interval-union.ts";
import { callGroups, countRepeats } from "./repeated-calls.ts";

/** How the calls of a loop follow the rows of another query, from request to request. */
export interface LoopGrowth {
  /** "SELECT orders": whose rows are walked. */
  readonly driver: string;
  /** Requests that show it. */
  readonly traces: number;
  readonly callsPerRow: number;
  readonly callsMin: number;
  readonly callsMax: number;
  /** What one call adds to the request. */
  readonly callNs: number;
}

/** Of fewer requests, or of fewer different lengths, a likeness may be chance. */
const tracesMin = 10;
const lengthsMin = 3;
/** Spearman's rank correlation from which on one follows the other. */
const correlationMin = 0.8;
/** Queries before the loop that may be its driver; the last ones. */
const driversMax = 50;

/** The loop in one request, and the rows of a query that came before it. */
interface Length {
  readonly calls: number;
  readonly rows: number;
  readonly callNs: number;
}

/**
 * Over the traces of an endpoint: of the queries that end before the loop begins the one whose rows go up and down with
 * the number of calls; null: none does, or too few traces tell. Unlike the driver of one trace it need not return as many rows.
 */
export function loopGrowth(sample: readonly TraceView[], shapeId: string): LoopGrowth | null {
  const byDriver = new Map<string, Length[]>();
  for (const trace of sample) {
    for (const [driver, length] of lengthsOf(trace, shapeId)) {
      const known = byDriver.get(driver);
      if (known) known.push(length);
      else byDriver.set(driver, [length]);
    }
  }
  const rated = [...byDriver]
    .filter(([, lengths]) => lengths.length >= tracesMin && countLengths(lengths) >= lengthsMin)
    .map(([driver, lengths]) => ({ driver, lengths, correlation: correlationOf(lengths) }))
    .filter(({ correlation }) => correlation >= correlationMin)
    .sort((a, b) => b.correlation - a.correlation || b.lengths.length - a.lengths.length);
  const best = rated[0];
  return best === undefined ? null : toGrowth(best.driver, best.lengths);
}

/** Of the longest loop of this shape: by what a query before it is called, its length and that query's rows. */
function lengthsOf(trace: TraceView, shapeId: string): Map<string, Length> {
  const lengths = new Map<string, Length>();
  const loops = callGroups(trace).filter(([first]) => trace.shapeId[first!] === shapeId);
  if (loops.length === 0) return lengths;
  const spans = loops.reduce((a, b) => (countRepeats(trace, b) > countRepeats(trace, a) ? b : a));
  const first = spans[0]!;
  const calls = countRepeats(trace, spans);
  const isBefore = (call: SpanIndex) =>
    call < first &&
    trace.end[call]! <= trace.start[first]! &&
    trace.returnedRows[call]! >= 0 &&
    trace.shapeId[call] !== shapeId &&
    operationOf(trace, call) === "read";
  for (const call of callsOfTrace(trace).calls.filter(isBefore).slice(-driversMax)) {
    const callNs = unionNs(trace, spans) / calls;
    lengths.set(callLabel(trace, call), { calls, rows: trace.returnedRows[call]!, callNs });
  }
  return lengths;
}

function countLengths(lengths: readonly Length[]): number {
  return new Set(lengths.map(({ calls }) => calls)).size;
}

function toGrowth(driver: string, lengths: readonly Length[]): LoopGrowth {
  const calls = lengths.map((length) => length.calls);
  return {
    driver,
    traces: lengths.length,
    callsPerRow: medianOf(lengths.map((length) => length.calls / Math.max(1, length.rows))),
    callsMin: Math.min(...calls),
    callsMax: Math.max(...calls),
    callNs: medianOf(lengths.map(({ callNs }) => callNs)),
  };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** Spearman's: how alike the order by rows and the order by calls are, -1 … 1. Without any order 0. */
function correlationOf(lengths: readonly Length[]): number {
  const a = ranksOf(lengths.map(({ rows }) => rows));
  const b = ranksOf(lengths.map(({ calls }) => calls));
  const mean = (lengths.length + 1) / 2;
  let both = 0;
  let ofA = 0;
  let ofB = 0;
  for (const [i, rank] of a.entries()) {
    both += (rank - mean) * (b[i]! - mean);
    ofA += (rank - mean) ** 2;
    ofB += (b[i]! - mean) ** 2;
  }
  return ofA === 0 || ofB === 0 ? 0 : both / Math.sqrt(ofA * ofB);
}

/** From 1; equal values share the mean of their places. */
function ranksOf(values: readonly number[]): number[] {
  const places = Map.groupBy(
    values.toSorted((a, b) => a - b).map((value, i) => ({ value, place: i + 1 })),
    ({ value }) => value,
  );
  return values.map((value) => {
    const equal = places.get(value)!;
    return (equal[0]!.place + equal.at(-1)!.place) / 2;
  });
}
