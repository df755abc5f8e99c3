import { context } from "@opentelemetry/api";
import {
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
} from "@opentelemetry/instrumentation";
import type { CallEvidence } from "../evidence/call-evidence.ts";
import { followPgPool, type MeteredPgPool } from "../runtime/metrics/follow-pg-pool.ts";
import type { PoolGauges } from "../runtime/metrics/pool-gauges.ts";

type Method = (this: unknown, ...args: unknown[]) => unknown;

interface PoolClass {
  readonly prototype: { query: Method; connect: Method };
}

/**
 * Beside the contrib instrumentation of pg, which makes the spans: keeps what is lost while a call waits for a
 * connection.
 *
 *   pool.query ─ connect(callback) ─ wait … another request releases ─▶ callback ─ client.query: the span starts
 *   └ call site: taken here           └ context: bound here, or the span joins that other request's trace
 */
export class PgPoolInstrumentation extends InstrumentationBase {
  readonly #patched = new WeakSet<object>();
  readonly #evidence: CallEvidence;
  readonly #pools: PoolGauges | undefined;

  constructor(evidence: CallEvidence, pools: PoolGauges | undefined) {
    super("@culprit/agent/pg-pool", "0.1.0", {});
    this.#evidence = evidence;
    this.#pools = pools;
  }

  protected init() {
    const patch = (exports: PoolClass & { readonly default?: PoolClass }) => {
      this.#patch(exports.default ?? exports);
      return exports;
    };
    return new InstrumentationNodeModuleDefinition("pg-pool", [">=2.0.0 <4"], patch);
  }

  #patch({ prototype }: PoolClass): void {
    if (this.#patched.has(prototype)) return;
    this.#patched.add(prototype);
    prototype.query = withCallSite(prototype.query, this.#evidence);
    prototype.connect = withBoundCallback(prototype.connect, this.#pools);
  }
}

function withCallSite(original: Method, evidence: CallEvidence): Method {
  return function query(...args) {
    const statement = toStatement(args[0]);
    if (statement === undefined) return original.apply(this, args);
    return context.with(evidence.announce(statement, query), original, this, ...args);
  };
}

function withBoundCallback(original: Method, pools: PoolGauges | undefined): Method {
  return function connect(callback) {
    followPgPool(pools, this as MeteredPgPool);
    const isCallback = typeof callback === "function";
    return original.call(this, isCallback ? context.bind(context.active(), callback) : callback);
  };
}

/** pg takes a text, or an object that has one. */
function toStatement(query: unknown): string | undefined {
  if (typeof query === "string") return query;
  const text = typeof query === "object" && query !== null && "text" in query && query.text;
  return typeof text === "string" ? text : undefined;
}
