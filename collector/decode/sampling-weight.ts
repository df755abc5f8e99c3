const threshold = /^th:([0-9a-f]{1,14})$/i;

/**
 * How many traces a sampled one stands for: `ot=th:HEX` in the trace state is the rejection threshold T of
 * OpenTelemetry's probability sampling, 56 bits with trailing zeros left out, and the weight 2^56 / (2^56 - T).
 * 1 when there is none.
 */
export function toSamplingWeight(traceState: string): number {
  for (const member of traceState.split(",")) {
    const trimmed = member.trim();
    if (!trimmed.startsWith("ot=")) continue;
    for (const field of trimmed.slice(3).split(";")) {
      const digits = threshold.exec(field)?.[1];
      if (digits !== undefined) return toWeight(digits.padEnd(14, "0"));
    }
  }
  return 1;
}

/** In two halves, because 56 bits don't fit a double. */
function toWeight(digits: string): number {
  const high = Number.parseInt(digits.slice(0, 7), 16);
  const low = Number.parseInt(digits.slice(7), 16);
  const kept = (2 ** 28 - high) * 2 ** 28 - low;
  return 2 ** 56 / kept;
}
