import { createRequire } from "node:module";
import { types } from "node:util";
import type { CallSite } from "../evidence/call-site.ts";
import { type HostAndPort, toHostAndPort } from "../evidence/host-and-port.ts";
import { KnownStatements, type Statement } from "../evidence/known-statements.ts";
import { type BsonTypes, scanCommand } from "../evidence/mongodb-command.ts";
import { toMongodbOperation } from "../evidence/mongodb-operation.ts";
import { documentsOf, writeErrorOf } from "../evidence/mongodb-reply.ts";
import { isSuppressed } from "../tracing/active-context.ts";
import { otlpKind } from "../tracing/recorded-span.ts";
import { takeWaits } from "./connection-states.ts";
import type { Constructor } from "./constructor.ts";
import { DatabaseCall, type DatabaseOptions } from "./database-call.ts";
import { Guard } from "./guard.ts";
import {
  type MongodbCommand,
  type MongodbCommandOptions,
  type MongodbConnection,
  type MongodbModule,
  type MongodbPool,
  toMongodbCommand,
} from "./mongodb-classes.ts";
import { followMongodbPool, MongodbCheckout, toPoolName } from "./mongodb-pool.ts";
import { enterMongodbTransaction, type MongodbTransactions } from "./mongodb-transaction.ts";
import { observePromise } from "./observe-promise.ts";
import { type Method, wrapMethod } from "./wrap-method.ts";

type Args = unknown[];
type Entry = (...args: never[]) => unknown;
type Finish = (error: unknown, reply: unknown) => void;

/** Of the driver itself: it greets, signs in, looks whether a server is alive, and says good-bye. */
const silent = new Set(
  "hello isMaster ismaster saslStart saslContinue authenticate getnonce endSessions".split(" "),
);
/** Outside of any trace nobody waits for these: a change stream asks every second. */
const silentOutside = new Set(["getMore", "killCursors"]);
/** The documents of an insert are not looked at; of a cursor's batches none is another's. */
const withoutHash = new Set(["insert", "getMore", "killCursors"]);
/** From the command up to the application through the driver and Mongoose, all of them asynchronous. */
const framesMax = 32;
const summaryCharactersMax = 255;
/** The text of any command that MongoDB does not have. */
const otherCommand = '{"?":"?"}';
const bsonNames = ["ObjectId", "UUID", "Long", "Decimal128", "Double", "Int32", "Timestamp"];

/**
 * MongoDB's driver, and Mongoose that rides on it, by wraps around two methods of the driver's own:
 *
 *   collection.find … toArray ─ pool.checkOut ── waits … ─▶ connection.command: the span
 *                                └ wait measured             └ one for each batch of a cursor, too
 *
 * Not by the driver's events of commands: for them each reply is read a second time, and in older versions their context is another's.
 */
export class MongodbInstrumentation {
  readonly #options: DatabaseOptions;
  readonly #guard = new Guard("mongodb");
  readonly #statements = new KnownStatements();
  readonly #patched = new WeakSet<object>();
  /** Of connections that had a command. */
  readonly #servers = new WeakMap<object, HostAndPort>();
  readonly #transactions: MongodbTransactions = new WeakMap();
  readonly #bsonTypes = new Map<object, string>();

  constructor(options: DatabaseOptions) {
    this.#options = options;
  }

  /** `file` gives that of the driver's main module. */
  patch(exports: MongodbModule, file: () => string): void {
    const { MongoClient } = exports;
    if (MongoClient === undefined || this.#patched.has(MongoClient)) return;
    this.#patched.add(MongoClient);
    for (const name of bsonNames) {
      const type = exports[name];
      if (typeof type === "function") this.#bsonTypes.set(type.prototype as object, name);
    }
    const requireOwn = createRequire(file());
    const { Connection } = requireOwn("./cmap/connection") as { Connection: Constructor };
    const { ConnectionPool } = requireOwn("./cmap/connection_pool") as {
      ConnectionPool: Constructor;
    };
    this.#patchConnection(Connection.prototype);
    this.#patchPool(ConnectionPool.prototype);
  }

  #patchConnection(prototype: object): void {
    const instrumentation = this;
    wrapMethod<MongodbConnection>(prototype, "command", (original) => {
      // Older versions take a callback as fourth argument, newer ones a class.
      const isPromised = types.isAsyncFunction(original);
      return function command(...args) {
        const finish = instrumentation.#start(this, args, command);
        if (finish === undefined) return Reflect.apply(original, this, args);
        return isPromised
          ? // Only the driver sees this promise; the application's own is another.
            observePromise(Reflect.apply(original, this, args) as Promise<unknown>, finish)
          : Reflect.apply(original, this, instrumentation.#withCallback(args, finish));
      };
    });
  }

  #patchPool(prototype: object): void {
    const instrumentation = this;
    const { contexts } = this.#options.tracing;
    wrapMethod<MongodbPool>(prototype, "checkOut", (original) => {
      return function checkOut(...args) {
        const checkout = instrumentation.#startCheckout(this);
        if (checkout === undefined) return Reflect.apply(original, this, args);
        const [callback] = args;
        if (typeof callback === "function") {
          // Called in the turn of whoever gave the connection back.
          const store = contexts.storage.getStore();
          const onEnd = instrumentation.#toCheckoutEnd(this, checkout);
          const bound: Method = function (...results) {
            onEnd(results[0], results[1]);
            return contexts.call(store, callback as Method, this, results);
          };
          return Reflect.apply(original, this, [bound, ...args.slice(1)]);
        }
        const result = Reflect.apply(original, this, args) as Promise<unknown>;
        const isTold = checkout.isDelayed || instrumentation.#options.pools !== undefined;
        if (!isTold) return result;
        return observePromise(result, instrumentation.#toCheckoutEnd(this, checkout));
      };
    });
  }

  #startCheckout(pool: MongodbPool): MongodbCheckout | undefined {
    if (!this.#guard.isActive) return undefined;
    return this.#guard.attempt(() => {
      followMongodbPool(this.#options.pools, pool);
      return new MongodbCheckout(pool);
    });
  }

  /** Connections are made one after the other, so the pool's counts don't say who will get one: the connection does. */
  #toCheckoutEnd(pool: MongodbPool, checkout: MongodbCheckout): Finish {
    const { pools, states } = this.#options;
    return this.#guard.bind((error, connection) => {
      const { isDelayed, waitedMs } = checkout;
      pools?.checkedOut(pool, waitedMs, error);
      if (error) return;
      const isNewConnection = !this.#servers.has(connection as object);
      const poolName = isDelayed ? states.names.of(pool, toPoolName) : "";
      states.note(connection, { isDelayed, isNewConnection, waitedMs, poolName });
    });
  }

  /** What ends the span; undefined when there is none. */
  #start(connection: MongodbConnection, args: Args, entry: Entry): Finish | undefined {
    if (!this.#guard.isActive) return undefined;
    return this.#guard.attempt(() => {
      const command = toMongodbCommand(args[0], args[1]);
      if (command === undefined || silent.has(command.name)) return undefined;
      const call = this.#startCall(connection, command, args[2] as MongodbCommandOptions, entry);
      const finish: Finish = (error, reply) => end(call as DatabaseCall, command, error, reply);
      return call && this.#guard.bind(finish);
    });
  }

  #startCall(
    connection: MongodbConnection,
    command: MongodbCommand,
    options: MongodbCommandOptions | undefined,
    entry: Entry,
  ): DatabaseCall | undefined {
    const { tracing, hashParams, callSites, states } = this.#options;
    const active = tracing.contexts.current();
    const trace = active?.trace;
    if (trace?.isSampled === false || isSuppressed(tracing.contexts.storage.getStore())) {
      return undefined;
    }
    if (active === undefined && silentOutside.has(command.name)) return undefined;
    const { text, values } = scanCommand(command.document, {
      ...command,
      bsonTypes: this.#bsonTypes as BsonTypes,
    });
    const statement = this.#statementOf(command, text);
    let repeatIndex = 0;
    let callSite: CallSite | undefined;
    if (trace !== undefined) {
      repeatIndex = callSites.count(trace, statement.text);
      const asked = { index: repeatIndex, isAsked: statement.isWatched };
      callSite = callSites.capture({ trace, statement, ...asked }, entry, framesMax);
    }
    const state = states.of(connection);
    return new DatabaseCall(tracing.startSpan(active, statement.summary, otlpKind.client), {
      statement,
      server: {
        system: "mongodb",
        ...this.#serverOf(connection),
        database: command.database,
        poolName: state.poolName,
      },
      paramsHash:
        withoutHash.has(command.name) || statement.operation === ""
          ? undefined
          : values && hashParams(text, values, statement),
      callSite,
      repeatIndex,
      ...enterMongodbTransaction(this.#transactions, options?.session, command.name),
      ...takeWaits(state),
    });
  }

  #statementOf({ name, collection }: MongodbCommand, text: string): Statement {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const operation = toMongodbOperation(name);
    if (operation === "") {
      // Its name may be a user's word, and is the first name of the text.
      const other = { operation, collection: "", summary: "mongodb", text: otherCommand };
      return this.#statements.get(otherCommand) ?? this.#statements.add(otherCommand, other);
    }
    const target = collection === "" ? "" : ` ${collection}`;
    const summary = `${operation}${target}`.slice(0, summaryCharactersMax);
    return this.#statements.add(text, { operation, collection, summary, text });
  }

  #withCallback(args: Args, finish: Finish): Args {
    const at = args.length - 1;
    const callback = args[at];
    if (typeof callback !== "function") return args;
    const { contexts } = this.#options.tracing;
    const store = contexts.storage.getStore();
    const bound: Method = function (...results) {
      finish(results[0], results[1]);
      return contexts.call(store, callback as Method, this, results);
    };
    return args.with(at, bound);
  }

  #serverOf(connection: MongodbConnection): HostAndPort {
    let server = this.#servers.get(connection);
    if (server === undefined) {
      server = toHostAndPort(connection.address ?? "");
      this.#servers.set(connection, server);
    }
    return server;
  }
}

function end(call: DatabaseCall, command: MongodbCommand, error: unknown, reply: unknown): void {
  const failure = error ?? (command.isWrite ? writeErrorOf(reply) : undefined);
  if (failure) call.fail(failure);
  else call.succeed(documentsOf(command.name, reply), command.batchSize);
}
