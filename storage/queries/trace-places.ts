/** A trace by its id, 32 hex digits, and where in time its spans start: whole seconds since 1970, both included. */
export interface TracePlace {
  readonly traceId: string;
  readonly fromS: number;
  readonly toS: number;
}

type TraceStart = Omit<TracePlace, "toS">;

const intervalS = 10;
/**
 * What `spans` are sorted by first: a trace lies together within each interval of time that it touches. By numbers, because
 * ClickHouse does not know `toStartOfInterval(ts, …)` of a condition as that of the key.
 */
export const intervalOfSpan = `intDiv(toUnixTimestamp(ts), ${intervalS})`;
/** Intervals of one trace that are looked at: whoever sends a span that lasts a year has them not listed. */
const intervalsMax = 60;

/** It touches more intervals than `inPlaces` lists: it is longer than ten minutes. */
export function isLongTrace({ fromS, toS }: TracePlace): boolean {
  return toInterval(toS) - toInterval(fromS) >= intervalsMax;
}

/** Orders traces as `spans` are: by the interval and, within it, the id. */
export function compareStored(a: TraceStart, b: TraceStart): number {
  return toInterval(a.fromS) - toInterval(b.fromS) || (a.traceId < b.traceId ? -1 : 1);
}

/**
 * Traces as the parameter `places`: ids with their first and last interval, "0123456789abcdef0123456789abcdef176493540176493541 …".
 * As one text, because ClickHouse takes three times as long to read a list of texts.
 */
export function toPlaces(traces: readonly TracePlace[]): string {
  return traces
    .map(({ traceId, fromS, toS }) => traceId + toDigits(fromS) + toDigits(toS))
    .join(" ");
}

function toDigits(seconds: number): string {
  return String(toInterval(seconds)).padStart(9, "0");
}

/** Which of the intervals a time is in, by whole seconds since 1970. */
export function toInterval(seconds: number): number {
  return Math.floor(seconds / intervalS);
}

/**
 * The condition of spans that start in an interval of their trace, of a long one in its first ones: by pairs of interval and
 * id, which is how spans are sorted. By a range of time and ids, ClickHouse would look for each id in each interval.
 */
export const inPlaces = `(${intervalOfSpan}, trace_id) IN (
        WITH toUInt32(substring(place, 33, 9)) AS first, toUInt32(substring(place, 42)) AS last
        SELECT
          toUInt32(arrayJoin(range(first, least(last + 1, first + ${intervalsMax})))),
          toFixedString(unhex(substring(place, 1, 32)), 16)
        FROM (SELECT arrayJoin(splitByChar(' ', {places:String})) AS place)
      )`;

/** The same by the ids alone: for traces of any length, in a range of time. */
export const ofPlaces =
  "trace_id IN (SELECT toFixedString(unhex(substring(arrayJoin(splitByChar(' ', {places:String})), 1, 32)), 16))";

/** The condition of spans in intervals of [fromS, toS], which the key answers: `ts` alone it does not use for them. */
export const inIntervals = `${intervalOfSpan} >= intDiv({fromS:UInt32}, ${intervalS})
      AND ${intervalOfSpan} <= intDiv({toS:UInt32}, ${intervalS})`;
