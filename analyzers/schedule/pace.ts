/** The numbers of a finding are computed anew at most this often … */
const everyMsMin = 30_000;
/** … and, once it is old and they hardly move, still this often. */
const everyMsMax = 300_000;
/** A finding that is 20 minutes old is looked at every minute. */
const everyShareOfAge = 1 / 20;

/** When a finding's numbers are due again: soon while it is young. Holds only findings that are not due. */
export class Pace {
  readonly #dueAt = new Map<string, number>();

  isDue(fingerprint: string, nowMs: number): boolean {
    return (this.#dueAt.get(fingerprint) ?? 0) <= nowMs;
  }

  /** To be called when the numbers were computed; `firstSeenMs` says how old the finding is. */
  computed(fingerprint: string, firstSeenMs: number, nowMs: number): void {
    for (const [id, dueMs] of this.#dueAt) if (dueMs <= nowMs) this.#dueAt.delete(id);
    const everyMs = (nowMs - firstSeenMs) * everyShareOfAge;
    this.#dueAt.set(fingerprint, nowMs + Math.min(everyMsMax, Math.max(everyMsMin, everyMs)));
  }
}
