/** A plan costs the database a connection: no more than one in ten seconds, whatever is slow. */
const intervalMs = 10_000;
/** Plans change with the data and its statistics, and not by the minute. */
const againMs = 3_600_000;
const statementsMax = 1_000;

/** Decides whose plan is worth asking for. Times are of `performance.now()`. */
export class PlanRules {
  readonly #askedAtMs = new Map<string, number>();
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Takes it from the budget. `statement` is without literals. */
  mayAsk(statement: string, nowMs: number): boolean {
    const askedMs = this.#askedAtMs.get(statement) ?? Number.NEGATIVE_INFINITY;
    if (nowMs < this.#lastMs + intervalMs || nowMs < askedMs + againMs) return false;
    this.#lastMs = nowMs;
    // Those that were asked for least lately come first, and go first.
    this.#askedAtMs.delete(statement);
    this.#askedAtMs.set(statement, nowMs);
    if (this.#askedAtMs.size > statementsMax) {
      this.#askedAtMs.delete(this.#askedAtMs.keys().next().value ?? "");
    }
    return true;
  }
}
