import type { ChdbResult, Session } from "chdb";

/**
 * Sessions that serve one call each at a time. chDB runs the calls of one session one after the other, each holding a
 * thread while it waits; so waiting is done here, in order of asking.
 */
export class SessionPool {
  readonly #idle: Session[];
  readonly #waiting: ((session: Session) => void)[] = [];

  constructor(sessions: readonly Session[]) {
    this.#idle = [...sessions];
  }

  /** Runs statements on the next free session; resolves with the output of the last. */
  async run(sql: string): Promise<string> {
    return (await this.result(sql)).text();
  }

  /** As `run`, with the output as it came. */
  async result(sql: string): Promise<ChdbResult> {
    const session = this.#idle.pop() ?? (await this.#next());
    try {
      return await session.queryAsync(sql);
    } catch (cause) {
      // What a failed query had put out already would stand before the output of the session's next one.
      await session.queryAsync("SET param_drained = 1");
      throw cause;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(session);
      else next(session);
    }
  }

  #next(): Promise<Session> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
