import { captureCallSite } from "../evidence/call-site.ts";
import { type PgResult, rowsOfPg } from "../evidence/returned-rows.ts";
import { postgresql } from "../evidence/sql-scan.ts";
import { Statements } from "../evidence/statements.ts";
import { ActiveContext, isSuppressed } from "../tracing/active-context.ts";
import type { Constructor } from "./constructor.ts";
import type { DatabaseCall, DatabaseOptions } from "./database-call.ts";
import { Guard } from "./guard.ts";
import { findCallerBehind } from "./late-call-site.ts";
import { observePgPromise } from "./observe-pg-promise.ts";
import { hasCallback, isQueryObject, valuesOf } from "./pg-arguments.ts";
import { type AnnouncedCall, startPgCall } from "./pg-call.ts";
import { type HandedOn, PgCheckouts } from "./pg-checkouts.ts";
import type { PgClient, PgModule, PgPool, PgQuery } from "./pg-classes.ts";
import { withComment } from "./pg-comment.ts";
import { cursorOf, followCursor, type PgCursor } from "./pg-cursor.ts";
import { textOfQuery } from "./text-of-query.ts";
import { type Method, wrapMethod } from "./wrap-method.ts";

type Args = unknown[];
type AnyFunction = (...args: never[]) => unknown;

/**
 * pg and pg-pool, by wraps around three methods:
 *
 *   pool.query ── announces: call site, repeat ─▶ pool.connect ── waits … ─▶ client.query: the span, from here on
 *                 the application's frames are        └ context kept, wait measured
 *                 still on the stack
 */
export class PgInstrumentation {
  readonly #options: DatabaseOptions;
  readonly #guard = new Guard("pg");
  readonly #statements = new Statements(postgresql);
  readonly #patched = new WeakSet<object>();
  readonly #handedOn: HandedOn = { announced: undefined };
  readonly #checkouts: PgCheckouts;

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#checkouts = new PgCheckouts(options, this.#guard, this.#handedOn);
  }

  patchPg({ Client }: PgModule): void {
    if (Client === undefined || this.#patched.has(Client.prototype)) return;
    this.#patched.add(Client.prototype);
    const instrumentation = this;
    wrapMethod<PgClient>(Client.prototype, "query", (original) => {
      return function query(...args) {
        if (!instrumentation.#guard.isActive) return Reflect.apply(original, this, args);
        return instrumentation.#queryClient(this, original, args, query);
      };
    });
  }

  patchPool(Pool: Constructor): void {
    if (this.#patched.has(Pool.prototype)) return;
    this.#patched.add(Pool.prototype);
    const instrumentation = this;
    wrapMethod<PgPool>(Pool.prototype, "query", (original) => {
      return function query(...args) {
        if (!instrumentation.#guard.isActive) return Reflect.apply(original, this, args);
        return instrumentation.#queryPool(this, original, args, query);
      };
    });
    wrapMethod<PgPool>(Pool.prototype, "connect", (original) => {
      return function connect(...args) {
        if (!instrumentation.#guard.isActive) return Reflect.apply(original, this, args);
        return instrumentation.#checkouts.connect(this, original, args);
      };
    });
  }

  #queryPool(pool: PgPool, original: Method, args: Args, entry: AnyFunction): unknown {
    const outer = this.#handedOn.announced;
    const announced = this.#guard.attempt(this.#announceToPool, args, entry);
    this.#handedOn.announced = announced;
    try {
      const result = Reflect.apply(original, pool, args);
      return announced?.isSought === true ? findCallerBehind(result, announced) : result;
    } finally {
      this.#handedOn.announced = outer;
    }
  }

  readonly #announceToPool = (args: Args, entry: AnyFunction): AnnouncedCall | undefined => {
    // Its batches are followed, not the call.
    if (cursorOf(args[0]) !== undefined) return undefined;
    const announced = this.#announce(args, entry);
    if (announced !== undefined) announced.isForPromise = !hasCallback(args);
    return announced;
  };

  #announce(args: Args, entry: AnyFunction): AnnouncedCall | undefined {
    const sql = textOfQuery(args[0]);
    const { callSites, tracing } = this.#options;
    const store = tracing.contexts.storage.getStore();
    if (sql === undefined || isSuppressed(store)) return undefined;
    const active = store instanceof ActiveContext ? store : undefined;
    const trace = active?.trace;
    if (trace?.isSampled === false) return undefined;
    const statement = this.#statements.of(sql);
    const announced: AnnouncedCall = {
      sql,
      active,
      isForPromise: false,
      statement,
      repeatIndex: 0,
      callSite: undefined,
      isSought: false,
      call: undefined,
    };
    if (trace === undefined) return announced;
    const index = callSites.count(trace, statement.text);
    const call = { trace, statement, index, isAsked: statement.isWatched };
    announced.repeatIndex = index;
    if (!callSites.isWanted(call)) return announced;
    announced.callSite = captureCallSite(entry);
    announced.isSought = announced.callSite === undefined && !hasCallback(args);
    return announced;
  }

  #queryClient(client: PgClient, original: Method, args: Args, entry: AnyFunction): unknown {
    const announced = this.#announcedOf(args);
    const call =
      announced === undefined
        ? this.#guard.attempt(this.#startCall, client, args, entry)
        : this.#guard.attempt(this.#startAnnounced, client, args, announced);
    this.#handedOn.announced = undefined;
    const sent = this.#withComment(args, call);
    if (call === undefined) return Reflect.apply(original, client, sent);
    return announced?.isForPromise === true && typeof args.at(-1) === "function"
      ? this.#finishForPromise(call, client, original, sent)
      : this.#finishCall(call, client, original, sent);
  }

  /** The announced call, when this is it. */
  #announcedOf(args: Args): AnnouncedCall | undefined {
    const { announced } = this.#handedOn;
    return announced !== undefined && announced.sql === textOfQuery(args[0])
      ? announced
      : undefined;
  }

  #withComment(args: Args, call: DatabaseCall | undefined): Args {
    const { comments, tracing } = this.#options;
    if (comments === undefined) return args;
    const trace = call?.span.trace ?? tracing.contexts.current()?.trace;
    return this.#guard.attempt(() => withComment(args, comments, trace?.route ?? "")) ?? args;
  }

  /** The last argument is the pool's callback, which only settles a promise: its context is nobody's. */
  #finishForPromise(call: DatabaseCall, client: PgClient, original: Method, args: Args): unknown {
    const callback = args.at(-1) as Method;
    const guard = this.#guard;
    const onResult: Method = function (...results) {
      guard.attempt(end, call, results[0], results[1]);
      return Reflect.apply(callback, this, results);
    };
    // As the pool calls it; V8 makes no list of these.
    if (args.length === 3) return Reflect.apply(original, client, [args[0], args[1], onResult]);
    return Reflect.apply(original, client, [...args.slice(0, -1), onResult]);
  }

  readonly #startAnnounced = (
    client: PgClient,
    args: Args,
    announced: AnnouncedCall,
  ): DatabaseCall => {
    const call = startPgCall(this.#options, announced, client, valuesOf(args));
    if (announced.isSought) call.hold();
    announced.call = call;
    return call;
  };

  /** Of a call to a client, which no pool has announced. */
  readonly #startCall = (
    client: PgClient,
    args: Args,
    entry: AnyFunction,
  ): DatabaseCall | undefined => {
    const { contexts } = this.#options.tracing;
    if (isSuppressed(contexts.storage.getStore())) return undefined;
    const cursor = cursorOf(args[0]);
    if (cursor !== undefined) {
      this.#startCursor(client, cursor, entry);
      return undefined;
    }
    // Of any other query object without a callback nobody says when it is done.
    if (isQueryObject(args[0]) && !hasCallback(args)) return undefined;
    const announced = this.#announce(args, entry);
    return announced && this.#startAnnounced(client, args, announced);
  };

  #startCursor(client: PgClient, cursor: PgCursor, entry: AnyFunction): void {
    const announced = this.#announce([cursor], entry);
    if (announced === undefined) return;
    const first = { ...announced, client, values: cursor.values ?? undefined };
    followCursor(cursor, { options: this.#options, guard: this.#guard, first });
  }

  /** The application gets what pg returns: its callback is called as pg calls it, and its promise is pg's. */
  #finishCall(call: DatabaseCall, client: PgClient, original: Method, args: Args): unknown {
    const at = args.findLastIndex((argument) => typeof argument === "function");
    const finish = this.#guard.bind((error: unknown, result: unknown) => end(call, error, result));
    if (at > 0) {
      const wrapped = [...args];
      wrapped[at] = this.#bindCallback(args[at] as Method, finish);
      return Reflect.apply(original, client, wrapped);
    }
    const given = args[0] as PgQuery;
    if (typeof given.callback === "function") {
      const callback = this.#bindCallback(given.callback, finish);
      // A query object is pg's to work with; a plain one is the application's, which may use it again.
      const config = isQueryObject(given)
        ? Object.assign(given, { callback })
        : Object.assign(Object.create(given) as object, { callback });
      return Reflect.apply(original, client, [config, ...args.slice(1)]);
    }
    const result = Reflect.apply(original, client, args) as Promise<unknown>;
    const observed =
      this.#guard.attempt(() => observePgPromise(result, client, args, finish)) ?? result;
    if (!call.isHeld) return observed;
    return findCallerBehind(observed, { isSought: true, call });
  }

  #bindCallback(callback: Method, finish: (error: unknown, result: unknown) => void): Method {
    const { contexts } = this.#options.tracing;
    const store = contexts.storage.getStore();
    return function (...results) {
      finish(results[0], results[1]);
      return contexts.call(store, callback, this, results);
    };
  }
}

function end(call: DatabaseCall, error: unknown, result: unknown): void {
  if (error) {
    call.fail(error);
    return;
  }
  const results = result as PgResult | readonly PgResult[] | undefined;
  call.succeed(rowsOfPg(results), Array.isArray(results) ? results.length : 0);
}
