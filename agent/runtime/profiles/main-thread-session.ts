import { Session } from "node:inspector";
import type { SessionsCell } from "./profile-messages.ts";

/** One inspector session with the application's thread, from the agent's; open only while a profile is taken. */
export class MainThreadSession {
  readonly #session = new Session();
  readonly #sessions: SessionsCell;
  #isOpen = true;

  constructor(sessions: SessionsCell) {
    this.#sessions = sessions;
    Atomics.add(sessions, 0, 1);
    this.#session.connectToMainThread();
  }

  /** Calls a method of V8's inspector protocol; rejects with what it answers. */
  post<Result>(method: string, params: object = {}): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#session.post(method, params, (error: Error | null, result?: object) => {
      if (error === null) resolve(result as Result);
      else reject(error);
    });
    return promise;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#session.disconnect();
    Atomics.sub(this.#sessions, 0, 1);
    Atomics.notify(this.#sessions, 0);
  }
}
