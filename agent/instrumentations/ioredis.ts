import type { ActiveContext } from "../tracing/active-context.ts";
import type { Constructor } from "./constructor.ts";
import { Guard } from "./guard.ts";
import type { CallOptions } from "./outgoing-call.ts";
import { type RedisCall, startCall } from "./redis.ts";
import { type Method, wrapMethod } from "./wrap-method.ts";

/** Of ioredis, what the wrap asks for; versions without it publish their commands only. */
export interface IoredisModule {
  readonly prototype?: { readonly sendCommand?: unknown; readonly _getServerAddress?: unknown };
  readonly Command?: new (name: string) => IoredisCommand;
  /** Both take commands that they hand on to a client later. */
  readonly Pipeline?: Constructor;
  readonly Cluster?: Constructor;
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
  /** Its answer is that it is queued, until EXEC. */
  readonly inTransaction?: boolean;
  resolve: Settle;
  reject: Settle;
  [entryKey]?: Entry;
  [madeInKey]?: ActiveContext | null;
}

const entryKey = Symbol("culprit.call");
/** Where the application made a command that was kept back: null is in no trace. */
const madeInKey = Symbol("culprit.context");

interface Entry {
  /** Until it has ended. */
  call: RedisCall | undefined;
  /** In the command's place: in a pipeline that a cluster sends again, to another server, it has a new promise. */
  resolve: Settle | undefined;
}

/** What of a command is no value; "?" stands for what is. */
export type SanitizeArgs = (command: string, args: readonly string[]) => readonly string[];

const namesMax = 500;
/** Commands have up to 24; an application may send any text as one. */
const nameCharactersMax = 64;
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
  patch(exports: IoredisModule, sanitizeArgs: SanitizeArgs): boolean {
    const { prototype, Command } = exports;
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
    this.#patchKeepers(exports);
    return true;
  }

  /**
   * Whoever keeps commands back sends them in the turn of somebody else: a pipeline in that of its first command, when ioredis
   * made it itself, a cluster in that in which it became ready.
   */
  #patchKeepers({ Pipeline, Cluster }: IoredisModule): void {
    const guard = this.#guard;
    const { contexts } = this.#options.tracing;
    const note = (command: IoredisCommand) => {
      if (command[madeInKey] === undefined) command[madeInKey] = contexts.current() ?? null;
    };
    for (const keeper of [Pipeline, Cluster]) {
      if (keeper === undefined) continue;
      wrapMethod(keeper.prototype, "sendCommand", (original) => {
        return function sendCommand(command, ...others) {
          guard.attempt(note, command as IoredisCommand);
          return Reflect.apply(original, this, [command, ...others]);
        };
      });
    }
    if (Cluster === undefined) return;
    wrapMethod(Cluster.prototype, "delayUntilReady", (original) => {
      return function delayUntilReady(callback, ...others) {
        if (!guard.isActive || typeof callback !== "function") {
          return Reflect.apply(original, this, [callback, ...others]);
        }
        const store = contexts.storage.getStore();
        const bound: Method = function (...results) {
          return contexts.call(store, callback as Method, this, results);
        };
        return Reflect.apply(original, this, [bound, ...others]);
      };
    });
  }

  #begin(
    client: IoredisClient,
    command: IoredisCommand,
    keptArgs: ReturnType<typeof createKeptArgs>,
    entry: (...args: never[]) => unknown,
  ): void {
    const known = command[entryKey];
    // After a lost connection it is the same call. In a pipeline that a cluster redirects each call has been answered.
    const isSame = known?.resolve === undefined || known.resolve === command.resolve;
    if (known !== undefined && isSame) return;
    const { address = "", port = 0 } = client._getServerAddress();
    const args = keptArgs(command);
    const message = {
      command: command.name,
      args,
      database: client.condition?.select ?? client.options.db ?? 0,
      serverAddress: address,
      serverPort: port,
    };
    const madeIn = command[madeInKey];
    const active = madeIn === undefined ? this.#options.tracing.contexts.current() : madeIn;
    const call = startCall(this.#options, message, args, entry, active ?? undefined);
    const made: Entry = { call, resolve: undefined };
    command[entryKey] = made;
    if (call !== undefined) this.#follow(command, made);
  }

  #follow(command: IoredisCommand, entry: Entry): void {
    const { resolve, reject } = command;
    const end = (error: unknown, value: unknown, hasFailed: boolean) => {
      const { call } = entry;
      if (call === undefined || command.isSettled === false) return;
      entry.call = undefined;
      if (hasFailed) call.fail(error);
      else if (command.inTransaction === true) call.succeedQueued();
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
      if (known.size < namesMax && name.length <= nameCharactersMax) known.set(name, kept);
    }
    const result: string[] = [];
    for (let i = 0; i < args.length; i += 1) result.push(i < kept ? String(args[i]) : "?");
    return result;
  };
}
