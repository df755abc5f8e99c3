const memberLengthMax = 256;

/** The member of the trace state that is OpenTelemetry's, `ot=th:…;rv:…`, as its fields; empty without one. */
function fieldsOf(members: readonly string[]): string[] {
  const member = members.find(isOpenTelemetrys) ?? "ot=";
  return member.slice(3).split(";").filter(Boolean);
}

function isOpenTelemetrys(member: string): boolean {
  return member.startsWith("ot=");
}

function membersOf(traceState: string): string[] {
  return traceState.split(",").flatMap((member) => member.trim() || []);
}

/**
 * Puts the threshold (`th:HEX`) in the place of the one that is there, in front of the trace state, and leaves all else
 * as it is. With "" the trace was kept for sure, or not at all: then there is none.
 */
export function withThreshold(traceState: string, threshold: string): string {
  if (traceState === "") return threshold && `ot=${threshold}`;
  const members = membersOf(traceState);
  const others = members.filter((member) => !isOpenTelemetrys(member));
  const fields = fieldsOf(members).filter((field) => !field.startsWith("th:"));
  if (threshold !== "") fields.unshift(threshold);
  const ours = fields.length === 0 ? [] : [`ot=${fields.join(";")}`.slice(0, memberLengthMax)];
  return [...ours, ...others].join(",");
}

/** The share of traces that are kept with this trace state: 1 without a threshold. */
export function keptShareOf(traceState: string): number {
  const digits = read(traceState, /^th:([0-9a-f]{1,14})$/);
  if (digits === undefined) return 1;
  return 1 - Number.parseInt(digits.padEnd(14, "0"), 16) / 2 ** 56;
}

/** The randomness that the trace state names instead of the trace's id: its first 24 bits, and the 32 behind them. */
export function randomnessOf(traceState: string): readonly [high: number, low: number] | undefined {
  const digits = read(traceState, /^rv:([0-9a-f]{14})$/);
  if (digits === undefined) return undefined;
  return [Number.parseInt(digits.slice(0, 6), 16), Number.parseInt(digits.slice(6), 16)];
}

function read(traceState: string, field: RegExp): string | undefined {
  if (traceState === "") return undefined;
  for (const text of fieldsOf(membersOf(traceState))) {
    const digits = field.exec(text)?.[1];
    if (digits !== undefined) return digits;
  }
  return undefined;
}
