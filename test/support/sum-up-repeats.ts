import type { SpanFields, SpanNode } from "./trace-builder.ts";

/** As the agent does it (`agent/repeats/folded-repeats.ts`). */
const sentWholeMax = 10;
const ownParamsMax = 8;

/**
 * Calls below one span as the agent sends them: of a shape the first ten as they are, then one span for each of up to
 * eight sets of parameters, and one for all others.
 */
export function sumUpRepeats(calls: readonly SpanNode[]): SpanNode[] {
  const byStart = calls.toSorted(([, a], [, b]) => a - b);
  const ofShape = Map.groupBy(byStart, ([what]) => fieldsOf(what).shapeId);
  return [...ofShape.values()].flatMap((same) => {
    const byParams = Map.groupBy(same.slice(sentWholeMax), ([what]) => fieldsOf(what).paramsHash);
    const groups = [...byParams.values()];
    return [
      ...same.slice(0, sentWholeMax),
      ...groups.slice(0, ownParamsMax).map(toSummary),
      ...(groups.length > ownParamsMax ? [toSummary(groups.slice(ownParamsMax).flat())] : []),
    ];
  });
}

function fieldsOf(what: SpanNode[0]): SpanFields {
  if (typeof what === "string") throw new Error(`${what} is no call`);
  return what;
}

function toSummary(calls: readonly SpanNode[]): SpanNode {
  const [first] = calls;
  if (calls.length === 1) return first!;
  const startMs = Math.min(...calls.map(([, start]) => start));
  const endMs = Math.max(...calls.map(([, , end]) => end));
  const hashes = new Set(calls.map(([what]) => fieldsOf(what).paramsHash));
  const { paramsHash, ...shared } = fieldsOf(first![0]);
  const summary: SpanFields = {
    ...shared,
    ...(hashes.size === 1 && paramsHash !== undefined && { paramsHash }),
    repeats: calls.length,
    repeatDurationSumNs: Math.round(sum(calls.map(([, start, end]) => end - start)) * 1e6),
    repeatDurationUnionNs: Math.round(unionMs(calls) * 1e6),
    repeatDistinctParams: hashes.size,
    returnedRows: sum(calls.map(([what]) => fieldsOf(what).returnedRows ?? 0)),
  };
  return [summary, startMs, endMs];
}

function sum(values: readonly number[]): number {
  return values.reduce((all, each) => all + each, 0);
}

/** `calls` by start. */
function unionMs(calls: readonly SpanNode[]): number {
  let until = Number.NEGATIVE_INFINITY;
  return sum(
    calls.map(([, start, end]) => {
      const length = Math.max(0, end - Math.max(start, until));
      until = Math.max(until, end);
      return length;
    }),
  );
}
