import type { Counters } from "../collector/counters.ts";
import type { MetricSource } from "../collector/metrics.ts";

/** One of ours, which only grows. */
export function counter(
  name: string,
  description: string,
  read: MetricSource["read"],
): MetricSource {
  return { name: `culprit_${name}`, description, kind: "counter", read };
}

/** One of ours, as it is at the moment. */
export function gauge(name: string, description: string, read: MetricSource["read"]): MetricSource {
  return { name: `culprit_${name}`, description, kind: "gauge", read };
}

/** A value for each reason that was counted; `label` says what the reasons are. */
export function countsBy(
  counters: Counters,
  label: "reason" | "signal",
  name: string,
): MetricSource["read"] {
  return () =>
    counters
      .list()
      .filter((count) => count.name === name)
      .map(({ reason, value }) => [{ [label]: reason }, value] as const);
}
