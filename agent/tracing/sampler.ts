/**
 * Which traces are kept, by the randomness of their id (OpenTelemetry, "TraceState: Probability Sampling"): a trace is
 * kept when the last 56 bits of its id are at or above the rejection threshold T = (1 - ratio) · 2^56. The same trace is
 * so kept or left out by every process that uses the same ratio or a larger one.
 */
export interface Sampler {
  /** Whether a caller's decision is followed where there is one. */
  readonly isParentBased: boolean;
  /** "" when every trace is kept, else `th:HEX` for the trace state's `ot` member. */
  readonly threshold: string;
  /** `high`: 24 bits, `low`: 32 bits, the last 56 of the trace's id. */
  isKept(high: number, low: number): boolean;
}

/** As `OTEL_TRACES_SAMPLER` names them. */
export type SamplerName =
  | "always_on"
  | "always_off"
  | "traceidratio"
  | "parentbased_always_on"
  | "parentbased_always_off"
  | "parentbased_traceidratio";

export function createSampler(name: SamplerName, ratio: number): Sampler {
  const isParentBased = name.startsWith("parentbased_");
  const kept = name.endsWith("always_on") ? 1 : name.endsWith("always_off") ? 0 : ratio;
  if (kept >= 1) return { isParentBased, threshold: "", isKept: () => true };
  if (kept <= 0) return { isParentBased, threshold: "", isKept: () => false };
  // 28 bits are as exact as a ratio that somebody writes down.
  const rejectBelow = Math.round((1 - kept) * 2 ** 28);
  const digits = rejectBelow.toString(16).padStart(7, "0").replace(/0+$/, "");
  return {
    isParentBased,
    threshold: `th:${digits || "0"}`,
    isKept: (high, low) => high * 16 + (low >>> 28) >= rejectBelow,
  };
}

const memberLengthMax = 256;

/** Puts the threshold in front of the trace state, in the `ot` member, and leaves other members as they are. */
export function withThreshold(traceState: string, threshold: string): string {
  if (threshold === "") return traceState;
  const members = traceState.split(",").filter((member) => member.trim() !== "");
  const isOurs = (member: string) => member.trim().startsWith("ot=");
  const fields = (members.find(isOurs) ?? "ot=")
    .trim()
    .slice(3)
    .split(";")
    .filter((field) => field !== "" && !field.startsWith("th:"));
  const ours = `ot=${[threshold, ...fields].join(";")}`.slice(0, memberLengthMax);
  return [ours, ...members.filter((member) => !isOurs(member))].join(",");
}
