const local = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "always" });

const STEPS = [
  { unit: "day", ms: 86_400_000 },
  { unit: "hour", ms: 3_600_000 },
  { unit: "minute", ms: 60_000 },
] as const;

/** Local time, to the second: "22 Nov 2026, 14:02:31". */
export function formatTime(at: number): string {
  return local.format(at);
}

/** "3 minutes ago"; under a minute, or ahead by a clock's error, "just now". */
export function formatAgo(at: number, now: number): string {
  const step = STEPS.find(({ ms }) => now - at >= ms);
  return step === undefined
    ? "just now"
    : relative.format(-Math.floor((now - at) / step.ms), step.unit);
}
