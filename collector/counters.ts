/** One value of a counter. `reason` is "" when the counter has no reasons. */
export interface Count {
  readonly name: string;
  readonly reason: string;
  readonly value: number;
}

/**
 * Totals since the process started, for `/metrics` and the UI. Names and reasons are ours, never text from a
 * request: what is counted can't grow the list of counters.
 */
export class Counters {
  readonly #reasonsByName = new Map<string, Map<string, number>>();

  add(name: string, value = 1, reason = ""): void {
    const reasons = this.#reasonsByName.get(name) ?? new Map<string, number>();
    reasons.set(reason, (reasons.get(reason) ?? 0) + value);
    this.#reasonsByName.set(name, reasons);
  }

  /** Without a reason: the sum over all reasons. */
  value(name: string, reason?: string): number {
    const reasons = this.#reasonsByName.get(name);
    if (reason !== undefined) return reasons?.get(reason) ?? 0;
    return [...(reasons?.values() ?? [])].reduce((sum, value) => sum + value, 0);
  }

  /** By name, then by reason. */
  list(): Count[] {
    const counts = [...this.#reasonsByName].flatMap(([name, reasons]) =>
      [...reasons].map(([reason, value]) => ({ name, reason, value })),
    );
    return counts.sort((a, b) => compare(a.name, b.name) || compare(a.reason, b.reason));
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
