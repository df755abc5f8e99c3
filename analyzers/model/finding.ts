/**
 * A finding: one thing to fix, with where it is, why we say so, what fixing it saves. The same object is what the
 * API returns, the UI shows and a message is made of. Plain JSON: times are milliseconds since 1970 (`…At`),
 * durations nanoseconds (`…Ns`).
 */
export interface Finding {
  /** Fingerprint: 32 hex digits of SHA-256 over the detector's id and the observation's identity. Equal: same fix. */
  readonly id: string;
  readonly detector: string;
  readonly detectorVersion: number;
  readonly title: string;
  /** One sentence. */
  readonly summary: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly status: FindingStatus;
  readonly service: string;
  readonly environment: string;
  /** Of several that have the fault, the one that loses most time by it. */
  readonly endpoint: Endpoint;
  /** The others that have the same fault: fixing it once fixes all of them. Absent: none. */
  readonly otherEndpoints?: readonly Endpoint[];
  /** Where in the source the call is made; null when no span carried it. */
  readonly callSite: CallSite | null;
  /** What is called; null when the finding is about the endpoint itself. */
  readonly shape: CallShape | null;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly serviceVersions: readonly string[];
  readonly evidence: Evidence;
  readonly impact: Impact;
  /** null when too few traces are there to predict from; `predictionMissing` says why. */
  readonly prediction: Prediction | null;
  readonly predictionMissing?: string;
  /** Steps, most important first. */
  readonly fix: readonly string[];
}

export type Severity = "critical" | "warning" | "info";
export type Confidence = "high" | "medium" | "low";
type FindingStatus = "new" | "acknowledged" | "muted" | "fix-pending" | "verified" | "regressed";

/** A server span's route and method, e.g. { method: "GET", route: "/orders" }. */
export interface Endpoint {
  readonly method: string;
  readonly route: string;
}

export interface CallSite {
  readonly file: string;
  readonly line: number;
  readonly function: string;
}

export interface CallShape {
  readonly id: string;
  /** "postgresql", "http" … */
  readonly system: string;
  /** Normalised SQL, or method and URL template. Holds no value of the user's. */
  readonly text: string;
  /** Short form, e.g. "SELECT products". */
  readonly summary: string;
}

interface Evidence {
  /** Traces in which it was seen, and traces of the endpoint in the same time. */
  readonly tracesAffected: number;
  readonly tracesOfEndpoint: number;
  /** Calls per affected trace. */
  readonly repeatsMedian: number;
  readonly repeatsMax: number;
  readonly sampleTraces: readonly SampleTrace[];
}

export interface SampleTrace {
  readonly traceId: string;
  readonly role: "slow" | "typical" | "fast";
  readonly durationNs: number;
  /** The spans in question, 16 hex digits each. */
  readonly spanIds: readonly string[];
}

export interface Impact {
  /** Share of the endpoint's critical path that the spans in question hold, 0 … 1. */
  readonly criticalPathShare: number;
  /** Time that requests spend in it, seconds a day at the rate seen. */
  readonly secondsPerDay: number;
}

export interface Prediction {
  readonly p50: PredictedChange;
  readonly p95: PredictedChange;
  /** How it was computed, one sentence. */
  readonly method: string;
  readonly assumptions: readonly string[];
  /** Traces in the sample. */
  readonly traces: number;
}

/**
 * A percentile of the endpoint's duration, before and after the fix. The interval of the outcome runs from the lowest
 * 5 % of the optimistic simulation to the highest 5 % of the pessimistic one, over resamples.
 */
export interface PredictedChange {
  readonly beforeNs: number;
  readonly afterNs: number;
  /** afterHighNs >= afterNs >= afterLowNs. Above beforeNs only where calls that start together wait for a busy server. */
  readonly afterHighNs: number;
  readonly afterLowNs: number;
}
