import type { TraceState } from "@opentelemetry/api";

/** The trace state of a span, for those who ask a span's context for it; ours itself is text. */
export function toTraceState(text: string): TraceState {
  const members = text
    .split(",")
    .map((member) => member.trim())
    .filter((member) => member.includes("="));
  const without = (key: string) => members.filter((member) => !member.startsWith(`${key}=`));
  return {
    get: (key) => members.find((member) => member.startsWith(`${key}=`))?.slice(key.length + 1),
    set: (key, value) => toTraceState([`${key}=${value}`, ...without(key)].join(",")),
    unset: (key) => toTraceState(without(key).join(",")),
    serialize: () => members.join(","),
  };
}
