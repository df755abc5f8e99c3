import type { TraceCoverage } from "../../analyzers/facts/trace-coverage.ts";
import type { Finding, Prediction } from "../../analyzers/model/finding.ts";
import type { WaterfallView } from "../../analyzers/model/waterfall-view.ts";

/**
 * What `/api/v1` answers. Errors: HTTP status and `ErrorResponse`. Times as in `Finding`. Every list is bounded;
 * `truncated` says that more matched.
 */
export interface FindingsResponse {
  /** Ranked: what saves most seconds a day, weighted by confidence, first. */
  readonly findings: readonly Finding[];
  readonly truncated: boolean;
  /** What was looked at, so that an empty list can be trusted. */
  readonly coverage: Coverage;
}

export interface Coverage {
  readonly spansStored: number;
  readonly tracesExamined: number;
  /** Time up to which settled traces were examined; null before the first run. */
  readonly examinedUntilAt: number | null;
  readonly detectors: readonly {
    readonly id: string;
    readonly title: string;
    readonly errors: number;
  }[];
  readonly services: readonly string[];
}

/** GET /api/v1/findings/:id */
export type FindingResponse = Finding;

/** GET /api/v1/traces/:traceId */
export interface TraceResponse extends WaterfallView {
  readonly findings: readonly TraceFinding[];
  /** What was seen and is not reported, with the reason. */
  readonly heldBack: readonly HeldBackFinding[];
}

export interface HeldBackFinding {
  readonly detector: string;
  readonly title: string;
  readonly summary: string;
  /** Name of the reason, as the page of the detector explains it: "different-namespaces". */
  readonly guard: string;
  readonly spanIds: readonly string[];
}

export interface TraceFinding {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly spanIds: readonly string[];
}

/** GET /api/v1/traces/:traceId/logs: by time; long texts are cut. */
export interface TraceLogsResponse {
  readonly logs: readonly TraceLog[];
  readonly truncated: boolean;
}

export interface TraceLog {
  readonly at: number;
  /** "": written outside of any span. */
  readonly spanId: string;
  readonly service: string;
  /** As the source named it, or by OTLP's number: "ERROR"; "": unspecified. */
  readonly severity: string;
  readonly eventName: string;
  /** Text, or OTLP JSON where it is structured. */
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** GET /api/v1/traces/:traceId/spans/:spanId */
export interface SpanResponse {
  readonly spanId: string;
  readonly name: string;
  readonly service: string;
  readonly kind: string;
  readonly status: string;
  readonly startAt: number;
  readonly durationNs: number;
  /** Attributes of span, scope and resource, by OpenTelemetry name; values as text. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, string>>;
  readonly events: readonly {
    readonly at: number;
    readonly name: string;
    readonly attributes: Readonly<Record<string, string>>;
  }[];
}

/** GET /api/v1/endpoints: server spans by route over the last hour. */
export interface EndpointsResponse {
  readonly endpoints: readonly EndpointRow[];
  readonly truncated: boolean;
}

export interface EndpointRow {
  readonly service: string;
  readonly environment: string;
  readonly method: string;
  readonly route: string;
  readonly requests: number;
  readonly errors: number;
  readonly p50Ns: number;
  readonly p95Ns: number;
  /** Σ of the durations, seconds. */
  readonly totalSeconds: number;
}

/** GET /api/v1/service-edges: who called whom over the last hour. */
export interface ServiceEdgesResponse {
  readonly edges: readonly ServiceEdge[];
  readonly truncated: boolean;
}

interface ServiceEdge {
  /** The service that calls. */
  readonly source: string;
  /** A service where the caller names it, else a database system, a queue or a host. */
  readonly destination: string;
  readonly environment: string;
  /** OTLP's number: 3 client, 4 producer. */
  readonly kind: number;
  readonly calls: number;
  readonly errors: number;
  /** Σ of the durations, seconds. */
  readonly totalSeconds: number;
}

/** GET /api/v1/endpoints/critical-path?service&environment&method&route */
export interface EndpointPathResponse {
  readonly traces: number;
  readonly meanDurationNs: number;
  readonly rows: readonly PathRow[];
  /** What these traces do not say. */
  readonly coverage: TraceCoverage;
}

/**
 * GET /endpoints/gain: in which order to make the fixes of an endpoint's findings, and what is left of its duration
 * after each. No steps: nothing is found in its traces, or there are too few of them to predict from.
 */
export interface EndpointGainResponse {
  readonly traces: number;
  readonly steps: readonly {
    /** The finding's id. */
    readonly fix: string;
    /** Once this fix is made, and all those before it. */
    readonly prediction: Prediction;
  }[];
}

/** One call path from the endpoint down; siblings of one name are one row. */
export interface PathRow {
  /** Names from the endpoint's span down. */
  readonly path: readonly string[];
  readonly service: string;
  /** Share of traces that have it on their critical path. */
  readonly presence: number;
  readonly meanSelfNs: number;
  /** Share of the endpoint's mean duration. */
  readonly share: number;
  /** As `share`, over the slowest 5 % of traces. */
  readonly shareOfSlow: number;
}

export interface ErrorResponse {
  readonly error: { readonly code: string; readonly message: string };
}
