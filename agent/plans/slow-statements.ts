import type { Statement } from "../evidence/known-statements.ts";
import type { PgClient, PgModule } from "../instrumentations/pg-classes.ts";
import type { RecordedSpan } from "../tracing/recorded-span.ts";
import type { ScopeSink } from "../tracing/tracing.ts";
import { toPlanConnection } from "./pg-connection.ts";
import type { PlanRequest } from "./plan-messages.ts";
import { PlanRules } from "./plan-rules.ts";

/** The agent's thread, as far as plans need it. */
interface PlanningThread {
  /** False when it can't be started. */
  start(): boolean;
  /** To be called only while it runs. */
  post(request: PlanRequest): void;
}

/** A call of pg that may turn out to be slow. */
interface PlannedCall {
  readonly client: PgClient;
  /** As the application wrote it. */
  readonly sql: string;
  readonly values: unknown;
  readonly statement: Statement;
}

/** From this duration on a call is slow. */
const slowMs = 100;
/** A longer text is one for each number of its values, mostly. */
const sqlCharactersMax = 20_000;
/** What PostgreSQL has a plan for. */
const planned = new Set(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"]);

/**
 * Asks the agent's thread for the plans of pg's statements that were slow:
 *
 *   span begins ── follow: statement, client ── … ── span ends after 100 ms and more ── PlanRules ──▶ agent's thread
 *
 * Loaded only when plans are asked for.
 */
export class SlowStatements {
  readonly #thread: PlanningThread;
  readonly #onFailure: () => void;
  readonly #rules = new PlanRules();
  readonly #calls = new WeakMap<RecordedSpan, PlannedCall>();
  #library = "";

  /** `onFailure`: a plan that was worth it is not asked for. */
  constructor(thread: PlanningThread, onFailure: () => void) {
    this.#thread = thread;
    this.#onFailure = onFailure;
  }

  /** To be called with each part of pg that is loaded. */
  foundPg({ Client }: PgModule, file: () => string): void {
    if (Client !== undefined) this.#library = file();
  }

  /** To be called when the span of a call begins. */
  follow(span: RecordedSpan, call: PlannedCall): void {
    if (planned.has(call.statement.operation)) this.#calls.set(span, call);
  }

  /** What looks at each span that ends, on its way to `inner`. */
  before(inner: ScopeSink): ScopeSink {
    return {
      scopeOf: (name, version) => inner.scopeOf(name, version),
      add: (span) => {
        if (span.endMs - span.startMs >= slowMs) this.#slow(span);
        inner.add(span);
      },
    };
  }

  #slow(span: RecordedSpan): void {
    const call = this.#calls.get(span);
    if (call === undefined || call.sql.length > sqlCharactersMax) return;
    if (!this.#rules.mayAsk(call.statement.text, performance.now())) return;
    try {
      this.#ask(span, call);
    } catch {
      // The client's settings can't be read, or not be handed to another thread.
      this.#onFailure();
    }
  }

  #ask(span: RecordedSpan, { client, sql, values, statement }: PlannedCall): void {
    const connection = toPlanConnection(client);
    if (connection === undefined || !this.#thread.start()) {
      this.#onFailure();
      return;
    }
    const { traceId, spanId } = span.spanContext();
    const { text, summary } = statement;
    this.#thread.post({
      kind: "plan",
      library: this.#library,
      connection,
      sql,
      parameters: Array.isArray(values) ? values.length : 0,
      call: { traceId, spanId, durationMs: span.endMs - span.startMs, text, summary },
    });
  }
}
