import type { AlikeSpans } from "../tracing/alike-spans.ts";
import type { KeptAttributes } from "../tracing/attribute-writer.ts";
import type { CalledStatement } from "./called-statement.ts";
import type { SqlSummary } from "./sql-summary.ts";

/** Texts that are remembered, and their characters together; an application that writes values into them has no end of it. */
const statementsMax = 2_000;
const charactersMax = 4_000_000;

/** What is known of a statement by its text, once for all of its calls. */
export interface Statement extends SqlSummary, CalledStatement {
  /** Without values. */
  readonly text: string;
  /** What it does to a transaction. */
  readonly boundary: "begin" | "end" | undefined;
  /** The last call was slow, or failed: the next one's call site is worth its price. */
  isWatched: boolean;
  /** Attributes of its calls to the first database that it was sent to. */
  sent: SentStatement | undefined;
}

export interface SentStatement {
  readonly server: DatabaseServer;
  readonly attributes: KeptAttributes;
  readonly alike: AlikeSpans;
}

export interface DatabaseServer {
  /** As `db.system.name`. */
  readonly system: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** Of the connection's pool; "": unknown, or none. */
  readonly poolName: string;
}

/** Of which nothing was called yet. */
export function toStatement(known: SqlSummary & { readonly text: string }): Statement {
  const called = { seenOn: undefined, paramsKey: undefined };
  const boundary = findBoundary(known.operation, known.text);
  return { ...known, ...called, boundary, isWatched: false, sent: undefined };
}

const begins = new Set(["BEGIN", "START"]);
const ends = new Set(["COMMIT", "END", "ABORT", "ROLLBACK"]);

/** ROLLBACK TO a savepoint stays in the transaction. */
function findBoundary(operation: string, text: string): Statement["boundary"] {
  if (begins.has(operation)) return "begin";
  if (!ends.has(operation)) return undefined;
  return operation === "ROLLBACK" && /\bto\b/i.test(text) ? undefined : "end";
}

/** Statements by the text that they were read from. */
export class KnownStatements {
  #bySource = new Map<string, Statement>();
  #characters = 0;

  get(source: string): Statement | undefined {
    return this.#bySource.get(source);
  }

  /** All are forgotten at once when they are too many: those that matter are back with their next call. */
  add(source: string, known: SqlSummary & { readonly text: string }): Statement {
    const characters = source.length + known.text.length;
    const isFull =
      this.#bySource.size >= statementsMax || this.#characters + characters > charactersMax;
    if (isFull) {
      this.#bySource = new Map();
      this.#characters = 0;
    }
    const statement = toStatement(known);
    this.#bySource.set(source, statement);
    this.#characters += characters;
    return statement;
  }
}
