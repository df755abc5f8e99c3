import type { Row } from "../../storage/store.ts";
import type { DetectorMeta, Observation } from "../detector.ts";
import { callKindOf } from "../facts/call-template.ts";
import { criticalNs } from "../facts/critical-times.ts";
import { endpointOf } from "../facts/endpoint-span.ts";
import { unionNs } from "../facts/interval-union.ts";
import { topmostOf } from "../facts/topmost.ts";
import type { CallShape, CallSite } from "../model/finding.ts";
import type { SpanIndex, TraceView } from "../model/trace-view.ts";

/** What an occurrence keeps for the finding's text; stored as JSON. */
export interface OccurrenceEvidence {
  readonly summary: string;
  readonly fix: readonly string[];
  readonly shape: CallShape | null;
  readonly callSite: CallSite | null;
}

/** Spans named in one row; a trace with more names its first ones. */
const spanIdsMax = 50;

/**
 * One row of `occurrences`: one problem in one trace. A trace may show it in several places (its endpoint is called
 * twice, or two parents have one name): `observations`, never empty, are those of one fingerprint, and one row.
 */
export function toOccurrence(
  fingerprint: string,
  { id, version }: DetectorMeta<unknown>,
  trace: TraceView,
  observations: readonly Observation[],
  seenAt: number,
): Row {
  const reported = observations.filter(({ suppressedBy }) => !suppressedBy);
  const told = reported.length > 0 ? reported : observations;
  const main = told.reduce((most, next) => (next.repeats > most.repeats ? next : most));
  const spans = [...new Set(told.flatMap((observation) => observation.spans))].sort(
    (a, b) => a - b,
  );
  const { endpointSpan } = main;
  const endpoint = endpointOf(trace, endpointSpan);
  return {
    fingerprint,
    trace_id: trace.traceId,
    detector: id,
    detector_version: version,
    service: trace.service[endpointSpan]!,
    environment: trace.environment[endpointSpan]!,
    service_version: trace.serviceVersion[endpointSpan]!,
    http_request_method: endpoint.method,
    http_route: endpoint.route,
    ts: Number(trace.startTimeUnixNano / 1_000_000n),
    seen: seenAt,
    repeats: told.reduce((sum, { repeats }) => sum + repeats, 0),
    duration_ns: Math.round(unionNs(trace, spans)),
    endpoint_duration_ns: trace.end[endpointSpan]! - trace.start[endpointSpan]!,
    critical_ns: Math.round(criticalNsOfAll(trace, told)),
    confidence: main.confidence,
    suppressed_by: main.suppressedBy ?? "",
    span_ids: spans.slice(0, spanIdsMax).map((span) => trace.spanId[span]!),
    evidence: JSON.stringify(toEvidence(trace, main)),
  };
}

/** An endpoint that calls itself is one request: the path is walked once for each that is below no other. */
function criticalNsOfAll(trace: TraceView, told: readonly Observation[]): number {
  const topmost = topmostOf(trace, new Set(told.map(({ endpointSpan }) => endpointSpan)));
  const ofRequest = Map.groupBy(told, ({ endpointSpan }) => topmost.get(endpointSpan)!);
  let sum = 0;
  for (const [root, observations] of ofRequest) {
    sum += criticalNs(
      trace,
      root,
      observations.flatMap(({ spans }) => spans),
    );
  }
  return sum;
}

function toEvidence(trace: TraceView, { summary, fix, spans }: Observation): OccurrenceEvidence {
  return { summary, fix, shape: toShape(trace, spans[0]!), callSite: toCallSite(trace, spans) };
}

function toShape(trace: TraceView, span: SpanIndex): CallShape | null {
  const id = trace.shapeId[span]!;
  if (id === "0") return null;
  const kind = callKindOf(trace, span);
  const system = trace.dbSystemName[span]! || (kind ?? "");
  const request = `${trace.httpRequestMethod[span]} ${trace.serverAddress[span]}${trace.urlTemplate[span]}`;
  const text = trace.dbQueryText[span]! || (kind === "http" ? request : trace.name[span]!);
  return { id, system, text, summary: trace.dbQuerySummary[span]! || text };
}

/** The first call site that a span carries: the agent takes one from the third repeat on. */
function toCallSite(trace: TraceView, spans: readonly SpanIndex[]): CallSite | null {
  const span = spans.find((candidate) => trace.codeFilePath[candidate] !== "");
  if (span === undefined) return null;
  return {
    file: trace.codeFilePath[span]!,
    line: trace.codeLineNumber[span]!,
    function: trace.codeFunctionName[span]!,
  };
}
