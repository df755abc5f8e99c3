import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { countDropped, toText, warn } from "../diagnostics.ts";
import { ownTime } from "../runtime/own-time.ts";

/** Then an instrumentation is taken for broken with this version of its library. */
const failuresMax = 5;

const guards: Guard[] = [];

/** Unloads every instrumentation of ours: another agent does their work. */
export function unloadInstrumentations(): void {
  for (const guard of guards) guard.unload();
}

/**
 * Stands between an instrumentation and the application: what the one throws, the other never sees. An instrumentation
 * that fails again and again is unloaded; the library then runs as it would without the agent.
 */
export class Guard {
  readonly #name: string;
  readonly #atUnload: (() => void)[] = [];
  #failures = 0;
  #isActive = true;

  constructor(name: string) {
    this.#name = name;
    guards.push(this);
  }

  /** Wraps around methods stay, since others may have wrapped them in turn: they ask this, and pass through. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** For the catch around whatever the instrumentation does. Never throws, whatever the error is. */
  failed(error: unknown): void {
    this.#failures += 1;
    countDropped("instrumentation_failed");
    if (this.#failures === 1) warn(`the instrumentation of ${this.#name} failed: ${toText(error)}`);
    if (this.#failures !== failuresMax) return;
    this.unload();
    warn(`the instrumentation of ${this.#name} is switched off after errors: ${toText(error)}`);
  }

  /** Takes back what can be taken back, once. */
  unload(): void {
    this.#isActive = false;
    for (const undo of this.#atUnload.splice(0)) undo();
  }

  /** `undo` is called when the instrumentation is unloaded. */
  onUnload(undo: () => void): void {
    this.#atUnload.push(undo);
  }

  /**
   * What `fn` returns; undefined when it throws, and once the instrumentation is unloaded. Arguments are handed on, for
   * calls that are too many to make a function for each.
   */
  attempt<Result>(fn: () => Result): Result | undefined;
  attempt<A, Result>(fn: (a: A) => Result, a: A): Result | undefined;
  attempt<A, B, Result>(fn: (a: A, b: B) => Result, a: A, b: B): Result | undefined;
  attempt<A, B, C, Result>(fn: (a: A, b: B, c: C) => Result, a: A, b: B, c: C): Result | undefined;
  attempt<Result>(fn: (...args: unknown[]) => Result, a?: unknown, b?: unknown, c?: unknown) {
    if (!this.#isActive) return undefined;
    const entered = ownTime.enter();
    try {
      return fn(a, b, c);
    } catch (error) {
      this.failed(error);
      return undefined;
    } finally {
      ownTime.leave(entered);
    }
  }

  /** `listener` for an emitter of the application's, where an error would be the application's. What has begun, it ends. */
  bind<Args extends unknown[]>(listener: (...args: Args) => void): (...args: Args) => void {
    return (...args) => {
      const entered = ownTime.enter();
      try {
        listener(...args);
      } catch (error) {
        this.failed(error);
      }
      ownTime.leave(entered);
    };
  }

  /** A listener for many emitters, which is told whose event it is. */
  listener<Emitter, Value>(
    onEvent: (emitter: Emitter, value: Value) => void,
  ): (this: Emitter, value: Value) => void {
    const guard = this;
    return function (value) {
      const entered = ownTime.enter();
      try {
        onEvent(this, value);
      } catch (error) {
        guard.failed(error);
      }
      ownTime.leave(entered);
    };
  }

  /** Calls `onMessage` for what a diagnostics channel publishes. An error there would end the process. */
  subscribe<Message>(channel: string, onMessage: (message: Message) => void): void {
    const guarded = (message: unknown) => {
      if (!this.#isActive) return;
      const entered = ownTime.enter();
      try {
        onMessage(message as Message);
      } catch (error) {
        this.failed(error);
      }
      ownTime.leave(entered);
    };
    subscribe(channel, guarded);
    this.onUnload(() => unsubscribe(channel, guarded));
  }
}
