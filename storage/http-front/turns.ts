import { FrontError } from "./front-statement.ts";

/** Runs at most so many at a time; a bounded number waits, in order, and the rest is refused. */
export class Turns {
  readonly #runningMax: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(runningMax: number, waitingMax: number) {
    this.#runningMax = runningMax;
    this.#waitingMax = waitingMax;
  }

  async take<R>(run: () => Promise<R>): Promise<R> {
    if (this.#running < this.#runningMax) this.#running++;
    else await this.#wait();
    try {
      return await run();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  #wait(): Promise<void> {
    if (this.#waiting.length < this.#waitingMax)
      return new Promise((resolve) => this.#waiting.push(resolve));
    throw new FrontError(202, "TOO_MANY_SIMULTANEOUS_QUERIES", "Too many simultaneous queries");
  }
}
