import { Guard } from "./guard.ts";
import type { CallOptions } from "./outgoing-call.ts";
import { type RedisCall, startCall } from "./redis.ts";
import { wrapMethod } from "./wrap-method.ts";

/** Of ioredis, what the wrap asks for; versions without it publish their commands only. */
export interface IoredisModule {
  readonly prototype?: { readonly sendCommand?: unknown; readonly _getServerAddress?: unknown };
  readonly Command?: new (name: string) => IoredisCommand;
}

interface IoredisClient {
  readonly options: { readonly db?: number };
  readonly condition?: { readonly select?: number };
  _getServerAddress(): { readonly address?: string; readonly port?: number };
}

type Settle = (value: unknown) => unknown;

interface IoredisCommand {
  readonly name: string;
  readonly args: readonly unknown[];
  /** False still when a cluster has caught the error, to ask another server. */
  readonly isSettled?: boolean;
  resolve: Settle;
  reject: Settle;
  [entryKey]?: Entry;
}

const entryKey = Symbol("culprit.call");

interface Entry {
  /** Until it has ended. */
  call: RedisCall | undefined;
  /** In the command's place: a pipeline that is sent again has others. */
  resolve: Settle | undefined;
}

/** What of a command is no value; "?" stands for what is. */
export type SanitizeArgs = (command: string, args: readonly string[]) => readonly string[];

const namesMax = 500;
const probe = ["a", "a", "a", "a"];

/**
 * ioredis, by a wrap around the method that every command goes through; its own channel makes two more promises and three
 * objects for each, as soon as somebody listens. The promise of a command stays the application's, as it is without us.
 */
export class IoredisInstrumentation {
  readonly #options: CallOptions;
  readonly #guard = new Guard("ioredis");
  readonly #patched = new WeakSet<object>();

  constructor(options: CallOptions) {
    this.#options = options;
  }

  /** Whether it is wrapped; `sanitizeArgs` is the library's own, which knows what of a command is no value. */
  patch({ prototype, Command }: IoredisModule, sanitizeArgs: SanitizeArgs): boolean {
    if (prototype === undefined || Command === undefined) return false;
    if (this.#patched.has(prototype)) return true;
    const isKnown = typeof prototype._getServerAddress === "function";
    if (!isKnown || new Command("ping").isSettled !== false) return false;
    this.#patched.add(prototype);
    const instrumentation = this;
    const guard = this.#guard;
    const keptArgs = createKeptArgs(sanitizeArgs);
    wrapMethod<IoredisClient>(prototype, "sendCommand", (original) => {
      return function sendCommand(command, stream, ...others) {
        guard.attempt(() =>
          instrumentation.#begin(this, command as IoredisCommand, keptArgs, sendCommand),
        );
        return Reflect.apply(original, this, [command, stream, ...others]);
      };
    });
    return true;
  }

  #begin(
    client: IoredisClient,
    command: IoredisCommand,
    keptArgs: ReturnType<typeof createKeptArgs>,
    entry: (...args: never[]) => unknown,
  ): void {
    const known = command[entryKey];
    if (known === undefined) {
      const { address = "", port = 0 } = client._getServerAddress();
      const args = keptArgs(command);
      const message = {
        command: command.name,
        args,
        database: client.condition?.select ?? client.options.db ?? 0,
        serverAddress: address,
        serverPort: port,
      };
      const call = startCall(this.#options, message, args, entry);
      const made: Entry = { call, resolve: undefined };
      command[entryKey] = made;
      if (call !== undefined) this.#follow(command, made);
    } else if (known.call !== undefined && known.resolve !== command.resolve) {
      this.#follow(command, known);
    }
  }

  #follow(command: IoredisCommand, entry: Entry): void {
    const { resolve, reject } = command;
    const end = (error: unknown, value: unknown, hasFailed: boolean) => {
      const { call } = entry;
      if (call === undefined || command.isSettled === false) return;
      entry.call = undefined;
      if (hasFailed) call.fail(error);
      else call.succeed(value);
    };
    const guarded = this.#guard.bind(end);
    entry.resolve = command.resolve = function (this: unknown, value) {
      const result = Reflect.apply(resolve, this, [value]);
      guarded(undefined, value, false);
      return result;
    };
    command.reject = function (this: unknown, error) {
      const result = Reflect.apply(reject, this, [error]);
      guarded(error, undefined, true);
      return result;
    };
  }
}

/** Arguments of a command with "?" for values. */
function createKeptArgs(sanitizeArgs: SanitizeArgs) {
  const known = new Map<string, number>();
  return ({ name, args }: IoredisCommand): readonly string[] => {
    let kept = known.get(name);
    if (kept === undefined) {
      const firstHidden = sanitizeArgs(name, probe).indexOf("?");
      kept = firstHidden === -1 ? Number.POSITIVE_INFINITY : firstHidden;
      if (known.size < namesMax) known.set(name, kept);
    }
    const result: string[] = [];
    for (let i = 0; i < args.length; i += 1) result.push(i < kept ? String(args[i]) : "?");
    return result;
  };
}
