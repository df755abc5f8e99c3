import type { CallSite } from "../evidence/call-site.ts";
import { rowsOfMysql2 } from "../evidence/returned-rows.ts";
import { Statements } from "../evidence/statements.ts";
import { isSuppressed } from "../tracing/active-context.ts";
import { otlpKind } from "../tracing/recorded-span.ts";
import { DatabaseCall } from "./database-call.ts";
import { Guard } from "./guard.ts";
import type { CallOptions } from "./outgoing-call.ts";
import { followCalls, type TracedCall } from "./tracing-channel.ts";

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

/** What is known of a query before there is a connection for it. */
interface Checkout {
  readonly callSite: CallSite | undefined;
  /** -1 when it did not wait. */
  readonly waitMs: number;
}

type Entry = (...args: never[]) => unknown;

/** Checkouts are followed like a statement, for theirs is not known yet. */
const checkoutStatement = "mysql2 checkout";
/** Shorter is no wait: the connection was free. */
const waitMinMs = 0.5;

/**
 * MySQL and MariaDB by a mysql2 that publishes its calls; an older one has the contrib package.
 *
 *   pool.query ─ pool:connect ─ start │ … asyncStart ─ query: start │ … asyncEnd
 *                └ call site          └ in another turn: the application's frames are gone from the stack
 */
export function instrumentMysql2(options: CallOptions): void {
  const guard = new Guard("mysql2");
  const statements = new Statements({ placeholder: "?", isMysql: true });
  const { contexts } = options.tracing;
  let checkout: Checkout | undefined;

  for (const name of ["mysql2:query", "mysql2:execute"]) {
    followCalls<Query, Mysql2Call>({
      name,
      guard,
      contexts,
      start: (query, entry) => Mysql2Call.start({ ...options, statements, checkout }, query, entry),
    });
  }
  // A pool makes its query in the callback of its checkout.
  const pooled = "mysql2:pool:connect";
  followCalls<Server, TracedCall>({
    name: pooled,
    guard,
    contexts,
    start(_server, entry) {
      const fromMs = performance.now();
      const callSite = captureCallSite(options, checkoutStatement, entry);
      return {
        succeed() {
          const waitedMs = performance.now() - fromMs;
          checkout = { callSite, waitMs: waitedMs < waitMinMs ? -1 : waitedMs };
        },
        fail() {},
      };
    },
  });
  guard.subscribe(`tracing:${pooled}:asyncEnd`, () => {
    checkout = undefined;
  });
}

interface Mysql2Options extends CallOptions {
  readonly statements: Statements;
  readonly checkout: Checkout | undefined;
}

class Mysql2Call implements TracedCall {
  readonly #call: DatabaseCall;

  static start(options: Mysql2Options, query: Query, entry: Entry): Mysql2Call | undefined {
    const { tracing, hashParams, callSites, statements, checkout } = options;
    if (isSuppressed(tracing.contexts.storage.getStore())) return undefined;
    const active = tracing.contexts.current();
    const trace = active?.trace;
    if (trace?.isSampled === false) return undefined;
    const statement = statements.of(query.query);
    const { serverAddress = "", serverPort = 0, database = "" } = query;
    const repeatIndex = trace === undefined ? 0 : callSites.count(trace, statement.text);
    const call = trace && { trace, statement: statement.text, index: repeatIndex };
    const callSite =
      checkout?.callSite ??
      (call && callSites.capture({ ...call, isAsked: statement.isWatched }, entry));
    const span = tracing.startSpan(active, statement.summary, otlpKind.client);
    return new Mysql2Call(
      new DatabaseCall(span, {
        statement,
        server: { system: "mysql", host: serverAddress, port: serverPort, database },
        paramsHash: hashParams(query.query, query.values),
        callSite,
        repeatIndex,
        transactionId: "",
        statementIndex: 0,
        poolWaitMs: checkout?.waitMs ?? -1,
        connectionCreateMs: -1,
      }),
    );
  }

  private constructor(call: DatabaseCall) {
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
  return callSites.capture({ trace, statement, index, isAsked: false }, entry);
}
