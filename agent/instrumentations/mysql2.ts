import type { CallSite } from "../evidence/call-site.ts";
import type { CalledStatement } from "../evidence/called-statement.ts";
import { rowsOfMysql2 } from "../evidence/returned-rows.ts";
import { Statements } from "../evidence/statements.ts";
import { isSuppressed } from "../tracing/active-context.ts";
import { otlpKind } from "../tracing/recorded-span.ts";
import { type Checkout, takeWaits } from "./connection-states.ts";
import { DatabaseCall, type DatabaseOptions } from "./database-call.ts";
import type { Guard } from "./guard.ts";
import {
  loadMysql2Classes,
  type Mysql2Connection,
  type Mysql2Pool,
  type Mysql2Query,
  toPoolName,
  toPoolState,
} from "./mysql2-classes.ts";
import { followCommand, queryOf } from "./mysql2-command.ts";
import type { CallOptions } from "./outgoing-call.ts";
import type { TracedCall } from "./tracing-channel.ts";
import { enterTransaction, leaveTransaction } from "./transaction-state.ts";
import { type Method, wrapMethod } from "./wrap-method.ts";

type Entry = (...args: never[]) => unknown;

/** From the channel up to the application, through an ORM. */
const framesMax = 32;
/** Checkouts are followed like a statement, for theirs is not known yet. */
const checkoutStatement: CalledStatement = {
  text: "mysql2 checkout",
  seenOn: undefined,
  paramsKey: undefined,
};

/**
 * MySQL and MariaDB by mysql2. Newer versions publish their calls; calls of an older one are wrapped.
 *
 *   pool.query ─ getConnection ──── waits … ────▶ connection.query: the span, from here on
 *                └ counts, call site, context      └ in another turn: the application's frames are gone
 */
export class Mysql2Instrumentation {
  readonly #options: DatabaseOptions;
  readonly #guard: Guard;
  readonly #statements = new Statements({ placeholder: "?", isMysql: true });
  readonly #patched = new WeakSet<object>();
  /** Of the checkout in whose callback we are. */
  #callSite: CallSite | undefined = undefined;
  /** The one that is making a call. */
  #connection: object | undefined = undefined;

  constructor(options: DatabaseOptions, guard: Guard) {
    this.#options = options;
    this.#guard = guard;
  }

  /** `file` is one of the package's. */
  patch(file: string): void {
    const { Connection, Pool, isPublishing } = loadMysql2Classes(file);
    if (this.#patched.has(Connection.prototype)) return;
    this.#patched.add(Connection.prototype);
    for (const name of ["query", "execute"]) {
      this.#patchConnection(Connection.prototype, name, isPublishing);
    }
    this.#patchPool(Pool.prototype, isPublishing);
  }

  /** What is published does not say which connection it is. */
  #patchConnection(prototype: object, name: string, isPublishing: boolean): void {
    const instrumentation = this;
    wrapMethod<Mysql2Connection>(prototype, name, (original) => {
      return function call(...args) {
        const outer = instrumentation.#connection;
        instrumentation.#connection = this;
        try {
          return isPublishing
            ? Reflect.apply(original, this, args)
            : instrumentation.#callUnpublished(this, original, args, call);
        } finally {
          instrumentation.#connection = outer;
        }
      };
    });
  }

  #callUnpublished(
    connection: Mysql2Connection,
    original: Method,
    args: unknown[],
    entry: Entry,
  ): unknown {
    const invoke = (given: readonly unknown[]) => Reflect.apply(original, connection, given);
    if (!this.#guard.isActive) return invoke(args);
    const call = this.#guard.attempt(() => this.startCall(toQuery(connection, args), entry));
    if (call === undefined) return invoke(args);
    const bind = (callback: Method) => this.#bind(callback);
    return followCommand(args, { call, guard: this.#guard, bind }, invoke);
  }

  #bind(callback: Method): Method {
    const { contexts } = this.#options.tracing;
    const store = contexts.storage.getStore();
    return function (...results) {
      return contexts.call(store, callback, this, results);
    };
  }

  #patchPool(prototype: object, isPublishing: boolean): void {
    const instrumentation = this;
    wrapMethod<Mysql2Pool>(prototype, "getConnection", (original) => {
      return function getConnection(...args) {
        const [callback] = args;
        const checkout = instrumentation.#noteCheckout(this);
        if (checkout === undefined || typeof callback !== "function") {
          return Reflect.apply(original, this, args);
        }
        let onConnection = callback as Method;
        if (!isPublishing) onConnection = instrumentation.#announce(onConnection, getConnection);
        const { pools, states } = instrumentation.#options;
        const pool = this;
        const noted: Method = function (...results) {
          states.note(results[1], checkout);
          if (pools !== undefined) {
            instrumentation.#guard.attempt(() =>
              pools.checkedOut(pool, checkout.waitedMs, results[0]),
            );
          }
          return Reflect.apply(onConnection, this, results);
        };
        return Reflect.apply(original, this, [noted, ...args.slice(1)]);
      };
    });
  }

  /** What its channel does of a version that has one: the context and the call site, for whom the pool calls back. */
  #announce(callback: Method, entry: Entry): Method {
    const callSite = this.#guard.attempt(() =>
      captureCallSite(this.#options, checkoutStatement, entry),
    );
    const bound = this.#bind(callback);
    const instrumentation = this;
    return function (...results) {
      instrumentation.#callSite = callSite;
      try {
        return Reflect.apply(bound, this, results);
      } finally {
        instrumentation.#callSite = undefined;
      }
    };
  }

  #noteCheckout(pool: Mysql2Pool): Checkout | undefined {
    if (!this.#guard.isActive) return undefined;
    return this.#guard.attempt(() => {
      this.#options.pools?.follow(pool, toPoolName, toPoolState);
      return this.#options.states.startCheckout(pool, toPoolState(pool), toPoolName);
    });
  }

  /** A pool makes its query in the callback of its checkout, which `endCheckout` tells the end of. */
  startCheckout(entry: Entry): TracedCall {
    const callSite = captureCallSite(this.#options, checkoutStatement, entry);
    return {
      succeed: () => {
        this.#callSite = callSite;
      },
      fail() {},
    };
  }

  endCheckout(): void {
    this.#callSite = undefined;
  }

  /** A call of a version that publishes it, or of another one. */
  startCall(query: Mysql2Query, entry: Entry): TracedCall | undefined {
    const { tracing, hashParams, callSites, states } = this.#options;
    if (isSuppressed(tracing.contexts.storage.getStore())) return undefined;
    const active = tracing.contexts.current();
    const trace = active?.trace;
    if (trace?.isSampled === false) return undefined;
    const statement = this.#statements.of(query.query);
    const { serverAddress = "", serverPort = 0, database = "" } = query;
    const repeatIndex = trace === undefined ? 0 : callSites.count(trace, statement.text);
    const call = trace && { trace, statement, index: repeatIndex };
    const callSite =
      this.#callSite ??
      (call && callSites.capture({ ...call, isAsked: statement.isWatched }, entry, framesMax));
    const state = states.of(this.#connection ?? query);
    enterTransaction(state, statement);
    const span = tracing.startSpan(active, statement.summary, otlpKind.client);
    const started = new Mysql2Call(
      new DatabaseCall(span, {
        statement,
        server: {
          system: "mysql",
          host: serverAddress,
          port: serverPort,
          database,
          poolName: state.poolName,
        },
        paramsHash: hashParams(query.query, query.values, statement),
        callSite,
        repeatIndex,
        transactionId: state.transactionId,
        statementIndex: state.statements,
        ...takeWaits(state),
      }),
    );
    leaveTransaction(state, statement);
    return started;
  }
}

class Mysql2Call implements TracedCall {
  readonly #call: DatabaseCall;

  constructor(call: DatabaseCall) {
    this.#call = call;
  }

  succeed(result: unknown): void {
    this.#call.succeed(rowsOfMysql2(result), 0);
  }

  fail(error: unknown): void {
    this.#call.fail(error);
  }
}

function captureCallSite(
  { tracing, callSites }: CallOptions,
  statement: CalledStatement,
  entry: Entry,
): CallSite | undefined {
  const trace = tracing.contexts.current()?.trace;
  if (trace?.isSampled !== true) return undefined;
  const index = callSites.count(trace, statement.text);
  return callSites.capture({ trace, statement, index, isAsked: false }, entry, framesMax);
}

function toQuery({ config }: Mysql2Connection, args: readonly unknown[]): Mysql2Query {
  const { host = "localhost", port = 3306, socketPath, database = "" } = config ?? {};
  const { sql, values } = queryOf(args);
  const server = socketPath
    ? { serverAddress: socketPath }
    : { serverAddress: host, serverPort: Number(port) };
  return { query: sql, values, database, ...server };
}
