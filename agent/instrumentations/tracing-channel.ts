import { channel } from "node:diagnostics_channel";
import type { ActiveContexts } from "../tracing/active-context.ts";
import type { Guard } from "./guard.ts";

/** A call that is under way. */
export interface TracedCall {
  succeed(result: unknown): void;
  fail(error: unknown): void;
}

/** What a library publishes about one call: the same object from its start to its end. */
interface Message {
  readonly error?: unknown;
  readonly result?: unknown;
  [entryKey]?: Entry;
}

/** Where the call is kept. A property costs less than a WeakMap, which each collection looks through. */
const entryKey = Symbol("culprit.call");

interface Entry {
  readonly store: ReturnType<ActiveContexts["storage"]["getStore"]>;
  /** Until it has ended. */
  call: TracedCall | undefined;
}

export interface TracedCalls<Content> {
  /** As the library gives it to `tracingChannel`. */
  readonly name: string;
  readonly guard: Guard;
  readonly contexts: ActiveContexts;
  /** `entry` is the outermost function of ours on the stack. */
  start(message: Content, entry: (...args: never[]) => unknown): TracedCall | undefined;
}

/**
 * Follows the calls of a library that publishes them on a TracingChannel of Node's. A callback of the application runs
 * in the context in which the application made the call, not in that of the socket that brought the answer.
 *
 *   start ─ the library works ─ asyncStart ─ the application's callback ─ asyncEnd
 *   └ the context is kept       └ the call ends, the context is back
 */
export function followCalls<Content>({ name, guard, contexts, start }: TracedCalls<Content>): void {
  const { storage } = contexts;

  guard.subscribe<Message & Content>(`tracing:${name}:start`, function onStart(message) {
    message[entryKey] = { store: storage.getStore(), call: start(message, onStart) };
  });
  const finish = (message: Message) => {
    const entry = message[entryKey];
    const call = entry?.call;
    if (entry === undefined || call === undefined) return;
    entry.call = undefined;
    if ("error" in message) call.fail(message.error);
    else call.succeed(message.result);
  };
  guard.subscribe<Message>(`tracing:${name}:asyncStart`, finish);
  // Comes first of a failed call; of one that threw before it began it is the only sign.
  guard.subscribe<Message>(`tracing:${name}:error`, finish);
  const asyncStart = channel(`tracing:${name}:asyncStart`);
  asyncStart.bindStore(storage, (message) => {
    const entry = (message as Message)[entryKey];
    return entry === undefined ? storage.getStore() : entry.store;
  });
  guard.onUnload(() => asyncStart.unbindStore(storage));
}
