import type { Guard } from "./guard.ts";
import type { TracedCall } from "./tracing-channel.ts";
import type { Method } from "./wrap-method.ts";

/** What a call of a connection makes: it has a callback, or it emits. */
interface Command {
  readonly sql?: unknown;
  readonly values?: unknown;
  onResult?: unknown;
  emit?: unknown;
}

/** The text and the values that `query` or `execute` is given, in whichever form. */
export function queryOf([query, values]: readonly unknown[]): { sql: string; values: unknown } {
  if (typeof query === "string") return { sql: query, values: asValues(values) };
  const command = (query ?? {}) as Command;
  return { sql: String(command.sql ?? ""), values: asValues(values) ?? command.values };
}

function asValues(values: unknown): unknown {
  return typeof values === "function" ? undefined : (values ?? undefined);
}

/**
 * Makes a call of a mysql2 that does not publish it, and ends it where its result is told: in its callback, which is
 * bound by `bind`, or among its events, to which no listener is added: an error that nobody listens to must throw.
 */
export function followCommand(
  args: readonly unknown[],
  { call, guard, bind }: { call: TracedCall; guard: Guard; bind: (callback: Method) => Method },
  invoke: (args: readonly unknown[]) => unknown,
): unknown {
  let isDone = false;
  const finish = guard.bind((error: unknown, result: unknown) => {
    if (isDone) return;
    isDone = true;
    if (error) call.fail(error);
    else call.succeed(result);
  });
  const withEnd = (callback: Method): Method => {
    const bound = bind(callback);
    return function (...results) {
      finish(results[0], results[1]);
      return Reflect.apply(bound, this, results);
    };
  };
  try {
    const at = args.findLastIndex((argument) => typeof argument === "function");
    if (at > 0) return invoke(args.with(at, withEnd(args[at] as Method)));
    // A pool makes the command itself.
    const given = args[0] as Command;
    if (typeof given?.onResult === "function") {
      given.onResult = withEnd(given.onResult as Method);
      return invoke(args);
    }
    const command = invoke(args);
    followEvents(command as Command, finish);
    return command;
  } catch (error) {
    finish(error, undefined);
    throw error;
  }
}

function followEvents(command: Command, finish: (error: unknown, result: unknown) => void): void {
  const { emit } = command;
  if (typeof emit !== "function") return;
  command.emit = function (this: unknown, ...args: unknown[]) {
    const [event, error] = args;
    if (event === "error") finish(error ?? new Error("unknown"), undefined);
    else if (event === "end") finish(undefined, undefined);
    return Reflect.apply(emit, this, args);
  };
}
