import { createRequire } from "node:module";
import type { CallSite } from "../evidence/call-site.ts";
import { rowsOfMysql2 } from "../evidence/returned-rows.ts";
import { Statements } from "../evidence/statements.ts";
import type { PoolState } from "../runtime/metrics/pool-gauges.ts";
import { isSuppressed } from "../tracing/active-context.ts";
import { otlpKind } from "../tracing/recorded-span.ts";
import { Checkout, takeWaits } from "./connection-states.ts";
import type { Constructor } from "./constructor.ts";
import { DatabaseCall, type DatabaseOptions } from "./database-call.ts";
import { Guard } from "./guard.ts";
import type { CallOptions } from "./outgoing-call.ts";
import { followCalls, type TracedCall } from "./tracing-channel.ts";
import { enterTransaction, leaveTransaction } from "./transaction-state.ts";
import { type Method, wrapMethod } from "./wrap-method.ts";

interface Server {
  readonly database?: string;
  readonly serverAddress?: string;
  readonly serverPort?: number;
}

interface Query extends Server {
  /** Of `query()` with its values written into it, of `execute()` with placeholders. */
  readonly query: string;
  readonly values?: unknown;
}

/** The parts of a pool that are read. */
interface Mysql2Pool {
  readonly _allConnections: { readonly length: number };
  readonly _freeConnections: { readonly length: number };
  readonly _connectionQueue: { readonly length: number };
  readonly config: {
    readonly connectionLimit: number;
    readonly connectionConfig: {
      readonly host?: string;
      readonly port?: number;
      readonly database?: string;
    };
  };
}

type Entry = (...args: never[]) => unknown;

/** From the channel up to the application, through an ORM. */
const framesMax = 32;
/** Checkouts are followed like a statement, for theirs is not known yet. */
const checkoutStatement = "mysql2 checkout";

/**
 * MySQL and MariaDB by a mysql2 that publishes its calls; an older one has the contrib package.
 *
 *   pool.query ─ getConnection ─ pool:connect: start │ … asyncStart ─ connection.query ─ query: start │ … asyncEnd
 *                └ counts         └ call site        └ in another turn: the application's frames are gone
 */
export class Mysql2Instrumentation {
  readonly #options: DatabaseOptions;
  readonly #guard = new Guard("mysql2");
  readonly #statements = new Statements({ placeholder: "?", isMysql: true });
  readonly #patched = new WeakSet<object>();
  /** Of the checkout in whose callback we are. */
  #callSite: CallSite | undefined = undefined;
  /** The one that is making a call. */
  #connection: object | undefined = undefined;

  constructor(options: DatabaseOptions) {
    this.#options = options;
    const { contexts } = options.tracing;
    for (const name of ["mysql2:query", "mysql2:execute"]) {
      followCalls<Query, Mysql2Call>({
        name,
        guard: this.#guard,
        contexts,
        start: (query, entry) => this.#startCall(query, entry),
      });
    }
    this.#followCheckouts();
  }

  /** `file` is one of the package's. */
  patch(file: string): void {
    const requireOwn = createRequire(file);
    const Connection = requireOwn("./lib/base/connection.js") as Constructor;
    if (this.#patched.has(Connection.prototype)) return;
    this.#patched.add(Connection.prototype);
    for (const name of ["query", "execute"]) this.#patchConnection(Connection.prototype, name);
    this.#patchPool((requireOwn("./lib/base/pool.js") as Constructor).prototype);
  }

  /** What it publishes does not say which connection it is. */
  #patchConnection(prototype: object, name: string): void {
    const instrumentation = this;
    wrapMethod<object>(prototype, name, (original) => {
      return function (...args) {
        const outer = instrumentation.#connection;
        instrumentation.#connection = this;
        try {
          return Reflect.apply(original, this, args);
        } finally {
          instrumentation.#connection = outer;
        }
      };
    });
  }

  #patchPool(prototype: object): void {
    const instrumentation = this;
    wrapMethod<Mysql2Pool>(prototype, "getConnection", (original) => {
      return function getConnection(...args) {
        const checkout = instrumentation.#startCheckout(this);
        const [callback] = args;
        if (checkout?.isDelayed !== true || typeof callback !== "function") {
          return Reflect.apply(original, this, args);
        }
        const noted: Method = function (...results) {
          instrumentation.#options.states.note(results[1], checkout);
          return Reflect.apply(callback, this, results);
        };
        return Reflect.apply(original, this, [noted, ...args.slice(1)]);
      };
    });
  }

  #startCheckout(pool: Mysql2Pool): Checkout | undefined {
    if (!this.#guard.isActive) return undefined;
    return this.#guard.attempt(() => {
      this.#options.pools?.follow(pool, toPoolName, toPoolState);
      return new Checkout(toPoolState(pool));
    });
  }

  /** A pool makes its query in the callback of its checkout. */
  #followCheckouts(): void {
    const name = "mysql2:pool:connect";
    followCalls<Server, TracedCall>({
      name,
      guard: this.#guard,
      contexts: this.#options.tracing.contexts,
      start: (_server, entry) => {
        const callSite = captureCallSite(this.#options, checkoutStatement, entry);
        return {
          succeed: () => {
            this.#callSite = callSite;
          },
          fail() {},
        };
      },
    });
    this.#guard.subscribe(`tracing:${name}:asyncEnd`, () => {
      this.#callSite = undefined;
    });
  }

  #startCall(query: Query, entry: Entry): Mysql2Call | undefined {
    const { tracing, hashParams, callSites, states } = this.#options;
    if (isSuppressed(tracing.contexts.storage.getStore())) return undefined;
    const active = tracing.contexts.current();
    const trace = active?.trace;
    if (trace?.isSampled === false) return undefined;
    const statement = this.#statements.of(query.query);
    const { serverAddress = "", serverPort = 0, database = "" } = query;
    const repeatIndex = trace === undefined ? 0 : callSites.count(trace, statement.text);
    const call = trace && { trace, statement: statement.text, index: repeatIndex };
    const callSite =
      this.#callSite ??
      (call && callSites.capture({ ...call, isAsked: statement.isWatched }, entry, framesMax));
    const state = states.of(this.#connection ?? query);
    enterTransaction(state, statement);
    const span = tracing.startSpan(active, statement.summary, otlpKind.client);
    const started = new Mysql2Call(
      new DatabaseCall(span, {
        statement,
        server: { system: "mysql", host: serverAddress, port: serverPort, database },
        paramsHash: hashParams(query.query, query.values),
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
  statement: string,
  entry: Entry,
): CallSite | undefined {
  const trace = tracing.contexts.current()?.trace;
  if (trace?.isSampled !== true) return undefined;
  const index = callSites.count(trace, statement);
  return callSites.capture({ trace, statement, index, isAsked: false }, entry, framesMax);
}

function toPoolState(pool: Mysql2Pool): PoolState {
  const idle = pool._freeConnections.length;
  return {
    used: pool._allConnections.length - idle,
    idle,
    pending: pool._connectionQueue.length,
    max: pool.config.connectionLimit,
  };
}

function toPoolName({ config }: Mysql2Pool): string {
  const { host = "localhost", port = 3306, database = "" } = config.connectionConfig;
  return `${host}:${port}/${database}`;
}
