/** Between two lines. */
const quietMs = 600_000;
/** Different messages of one line; of more only the number is said. */
const messagesMax = 5;

export interface ProblemLogOptions {
  readonly write: (line: string) => void;
  /** Calls `callback` after `delayMs`, 0 is as soon as what runs now is done. It keeps no process alive. */
  readonly schedule: (callback: () => void, delayMs: number) => void;
}

/**
 * What goes wrong, for people: one line at once, and from then on one in ten minutes for all that has come together,
 * with the sum of what was left out by reason. A collector that is away for a night is 60 lines, not a full disk.
 *
 *   quiet ── problem ──▶ planned ── end of this turn ──▶ line ── ten minutes ──▶ anything new? line, else quiet
 */
export class ProblemLog {
  readonly #options: ProblemLogOptions;
  readonly #messages = new Set<string>();
  readonly #dropped = new Map<string, number>();
  #furtherMessages = 0;
  #isQuiet = true;

  constructor(options: ProblemLogOptions) {
    this.#options = options;
  }

  tell(message: string): void {
    if (this.#messages.size < messagesMax) this.#messages.add(message);
    else if (!this.#messages.has(message)) this.#furtherMessages += 1;
    this.#wake();
  }

  addDropped(reason: string, count: number): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count);
    this.#wake();
  }

  #wake(): void {
    if (!this.#isQuiet) return;
    this.#isQuiet = false;
    this.#options.schedule(() => this.#write(), 0);
  }

  #write(): void {
    const parts = [...this.#messages];
    if (this.#furtherMessages > 0) parts.push(`${this.#furtherMessages} more problems`);
    if (this.#dropped.size > 0) {
      const sums = [...this.#dropped].map(([reason, count]) => `${reason} ${count}`);
      parts.push(`left out: ${sums.join(", ")}`);
    }
    this.#messages.clear();
    this.#dropped.clear();
    this.#furtherMessages = 0;
    this.#options.write(parts.join("; "));
    this.#options.schedule(() => this.#onTime(), quietMs);
  }

  #onTime(): void {
    if (this.#messages.size > 0 || this.#dropped.size > 0) this.#write();
    else this.#isQuiet = true;
  }
}
