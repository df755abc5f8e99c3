import { childrenOf, type SpanIndex, spanKind, type TraceView } from "../model/trace-view.ts";
import { isDatabaseCall, operationOf } from "./call-template.ts";
import { callsOfTrace } from "./calls-of-trace.ts";
import { selfNs } from "./self-time.ts";

/**
 * What traces do not say, so that "no finding" can be trusted, or not. Counts of spans; each beside the number that it
 * is a part of.
 */
export interface TraceCoverage {
  readonly traces: number;
  readonly spans: number;
  /** Spans that name a parent which is not there: late, sampled out, or of a service that sends nothing. */
  readonly orphans: number;
  /** Server spans, and those without http.route or an RPC's name: their endpoint is only a name. */
  readonly servers: number;
  readonly serversWithoutRoute: number;
  readonly queries: number;
  readonly queriesWithoutText: number;
  readonly queriesWithoutParameters: number;
  /** Reads whose number of rows is unknown. */
  readonly queriesWithoutRows: number;
  /** Calls to other services, and those whose other side sent no span: it is not instrumented, or not sampled. */
  readonly requests: number;
  readonly requestsWithoutServer: number;
  /** Calls that repeat (the agent takes no call site of the first two), and those without a call site. */
  readonly repeats: number;
  readonly repeatsWithoutCallSite: number;
  /** Time of server spans, and what of it no child explains: computation, or a client that is not instrumented. */
  readonly serverNs: number;
  readonly unexplainedNs: number;
  /** Traces that stand for more than one: the rest was sampled out. */
  readonly sampledTraces: number;
}

/** Adds up what the traces don't say; of no trace, all is zero. */
export function traceCoverage(traces: readonly TraceView[]): TraceCoverage {
  const sum: Counts = { ...none };
  for (const trace of traces) {
    sum.traces++;
    sum.spans += trace.size;
    sum.orphans += trace.orphans;
    if (trace.roots.some((root) => trace.weight[root]! > 1)) sum.sampledTraces++;
    countServers(trace, sum);
    countCalls(trace, sum);
  }
  return sum;
}

type Counts = { -readonly [Name in keyof TraceCoverage]: number };

const none: TraceCoverage = {
  traces: 0,
  spans: 0,
  orphans: 0,
  servers: 0,
  serversWithoutRoute: 0,
  queries: 0,
  queriesWithoutText: 0,
  queriesWithoutParameters: 0,
  queriesWithoutRows: 0,
  requests: 0,
  requestsWithoutServer: 0,
  repeats: 0,
  repeatsWithoutCallSite: 0,
  serverNs: 0,
  unexplainedNs: 0,
  sampledTraces: 0,
};

function countServers(trace: TraceView, sum: Counts): void {
  for (let span = 0; span < trace.size; span++) {
    if (trace.kind[span] !== spanKind.server) continue;
    sum.servers++;
    // An RPC has no route; its span is named for its method.
    if (trace.httpRequestMethod[span] !== "" && trace.httpRoute[span] === "") {
      sum.serversWithoutRoute++;
    }
    sum.serverNs += trace.end[span]! - trace.start[span]!;
    sum.unexplainedNs += selfNs(trace, span);
  }
}

function countCalls(trace: TraceView, sum: Counts): void {
  const { calls, parents } = callsOfTrace(trace);
  const seen = new Map<string, number>();
  for (const span of calls) {
    const key = `${parents[span]} ${trace.shapeId[span]}`;
    const nth = (seen.get(key) ?? 0) + 1;
    seen.set(key, nth);
    if (nth > 2) {
      sum.repeats++;
      if (trace.codeFilePath[span] === "") sum.repeatsWithoutCallSite++;
    }
    if (isDatabaseCall(trace, span)) countQuery(trace, span, sum);
    else if (trace.kind[span] === spanKind.client) {
      sum.requests++;
      const hasServer = childrenOf(trace, span).some(
        (child) => trace.kind[child] === spanKind.server,
      );
      if (!hasServer) sum.requestsWithoutServer++;
    }
  }
}

function countQuery(trace: TraceView, span: SpanIndex, sum: Counts): void {
  sum.queries++;
  if (trace.dbQueryText[span] === "") sum.queriesWithoutText++;
  if (trace.paramsHash[span] === "0") sum.queriesWithoutParameters++;
  if (operationOf(trace, span) === "read" && trace.returnedRows[span]! < 0) {
    sum.queriesWithoutRows++;
  }
}
