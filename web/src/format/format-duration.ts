interface Unit {
  readonly name: string;
  readonly ns: number;
}

const MILLISECONDS: Unit = { name: "ms", ns: 1e6 };
const SECONDS: Unit = { name: "s", ns: 1e9 };
const SECONDS_FROM_NS = 10e9;
const NARROWEST_MS = 0.001;

/** Milliseconds everywhere, so that two durations compare at a glance; seconds only from 10 s on. */
export function formatDuration(durationNs: number): string {
  const unit = unitOf(durationNs);
  return `${formatIn(unit, durationNs)}\u00a0${unit.name}`;
}

/** The unit that fits the largest of several durations shown side by side. */
export function unitOf(durationNs: number): Unit {
  return durationNs >= SECONDS_FROM_NS ? SECONDS : MILLISECONDS;
}

/** The number without its unit. */
export function formatIn(unit: Unit, durationNs: number): string {
  const value = durationNs / unit.ns;
  if (value > 0 && value < NARROWEST_MS) return `<${NARROWEST_MS}`;
  return value.toLocaleString("en", { maximumFractionDigits: digitsOf(unit, value) });
}

function digitsOf(unit: Unit, value: number): number {
  if (value < 0.1) return 3;
  if (value < 1) return 2;
  if (value < 10 || (unit === SECONDS && value < 100)) return 1;
  return 0;
}
