import { subscribe } from "node:diagnostics_channel";
import { countDropped, warnOnce } from "../diagnostics.ts";

/** Then an instrumentation is taken for broken with this version of its library. */
const failuresMax = 5;

/**
 * Stands between an instrumentation and the application: what the one throws, the other never sees. An instrumentation
 * that fails again and again is switched off; the library then runs as it would without the agent.
 */
export class Guard {
  readonly #name: string;
  #failures = 0;

  constructor(name: string) {
    this.#name = name;
  }

  get isActive(): boolean {
    return this.#failures < failuresMax;
  }

  /** For the catch around whatever the instrumentation does. */
  failed(error: unknown): void {
    this.#failures += 1;
    countDropped("instrumentation_failed");
    if (this.#failures !== failuresMax) return;
    const reason = error instanceof Error ? error.message : String(error);
    warnOnce(`the instrumentation of ${this.#name} is switched off after errors: ${reason}`);
  }

  /** Calls `onMessage` for what a diagnostics channel publishes. An error there would end the process. */
  subscribe<Message>(channel: string, onMessage: (message: Message) => void): void {
    subscribe(channel, (message) => {
      if (!this.isActive) return;
      try {
        onMessage(message as Message);
      } catch (error) {
        this.failed(error);
      }
    });
  }
}
