import type { Confidence, Finding, Prediction, Severity } from "../analyzers/model/finding.ts";

export interface AlertRules {
  readonly severityMin: Severity;
  readonly confidenceMin: Confidence;
  /** Traces in which it was seen. */
  readonly tracesMin: number;
  /** A predicted saving counts from the larger of these two on. */
  readonly savingMinNs: number;
  readonly savingShareMin: number;
  /** So many calls in one request are worth a message whatever they cost today: they grow with the data. */
  readonly repeatsMin: number;
}

const defaultRules: AlertRules = {
  severityMin: "warning",
  confidenceMin: "medium",
  tracesMin: 3,
  savingMinNs: 10e6,
  savingShareMin: 0.05,
  repeatsMin: 20,
};

export interface AlertDecision {
  readonly tell: boolean;
  /** Why, or everything that stands against it. */
  readonly reasons: readonly string[];
}

/** Whether a finding is worth a message. Everything that is seen is listed; only what has an impact interrupts people. */
export function decideAlert(finding: Finding, rules: AlertRules = defaultRules): AlertDecision {
  const impact = reasonOfImpact(finding, rules);
  const against = [
    ...reasonsForSilence(finding, rules),
    ...(impact ? [] : [`saves too little, and repeats less than ${rules.repeatsMin} times`]),
  ];
  return impact && against.length === 0
    ? { tell: true, reasons: [impact] }
    : { tell: false, reasons: against };
}

const severities: readonly Severity[] = ["info", "warning", "critical"];
const confidences: readonly Confidence[] = ["low", "medium", "high"];

function reasonsForSilence(finding: Finding, rules: AlertRules): string[] {
  const { status, severity, confidence, evidence } = finding;
  const reasons: string[] = [];
  // Whoever acknowledged it, muted it or is fixing it knows.
  if (status !== "new" && status !== "regressed") reasons.push(`is ${status}`);
  if (severities.indexOf(severity) < severities.indexOf(rules.severityMin)) {
    reasons.push(`severity is ${severity}`);
  }
  if (confidences.indexOf(confidence) < confidences.indexOf(rules.confidenceMin)) {
    reasons.push(`confidence is ${confidence}`);
  }
  if (evidence.tracesAffected < rules.tracesMin) {
    reasons.push(`seen in ${evidence.tracesAffected} traces, not yet ${rules.tracesMin}`);
  }
  return reasons;
}

function reasonOfImpact(finding: Finding, rules: AlertRules): string | undefined {
  const { prediction, evidence, shape } = finding;
  if (prediction && savesEnough(prediction, rules)) return "a fix saves enough time";
  if (evidence.repeatsMax >= rules.repeatsMin) return `repeats ${evidence.repeatsMax} times`;
  // A window's finding is about the endpoint itself: no call can be taken out of a trace to predict from.
  if (!prediction && !shape) return "its detector measures the impact itself";
  return undefined;
}

function savesEnough({ p50, p95 }: Prediction, rules: AlertRules): boolean {
  return [p50, p95].some(
    ({ beforeNs, afterNs }) =>
      beforeNs - afterNs >= Math.max(rules.savingMinNs, rules.savingShareMin * beforeNs),
  );
}
