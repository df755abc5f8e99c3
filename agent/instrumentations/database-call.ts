import type { CallSite } from "../evidence/call-site.ts";
import type { DatabaseServer, SentStatement, Statement } from "../evidence/known-statements.ts";
import type { ParamsHash } from "../evidence/params-hash.ts";
import type { SqlComments } from "../evidence/sql-comment.ts";
import type { SlowStatements } from "../plans/slow-statements.ts";
import type { PoolGauges } from "../runtime/metrics/pool-gauges.ts";
import { AlikeSpans } from "../tracing/alike-spans.ts";
import type { AttributeWriter } from "../tracing/attribute-writer.ts";
import type { RecordedSpan, Repeat } from "../tracing/recorded-span.ts";
import { keys } from "./attribute-keys.ts";
import type { ConnectionStates } from "./connection-states.ts";
import type { CallOptions } from "./outgoing-call.ts";
import { sentWholeMax } from "./sent-whole.ts";
import { writeCallSite } from "./write-call-site.ts";

/** What an instrumentation of a database's driver needs. */
export interface DatabaseOptions extends CallOptions {
  readonly states: ConnectionStates;
  readonly pools: PoolGauges | undefined;
  /** Undefined when no comments are asked for. */
  readonly comments: SqlComments | undefined;
  /** Undefined when no plans are asked for. */
  readonly plans: SlowStatements | undefined;
}

/** Beyond this the statement's next call has its call site captured. */
const slowMs = 100;

/** Values that were at hand when the call was made. */
export interface CallStart {
  readonly statement: Statement;
  readonly server: DatabaseServer;
  readonly paramsHash: ParamsHash | undefined;
  readonly callSite: CallSite | undefined;
  readonly repeatIndex: number;
  /** "" outside of a transaction. */
  readonly transactionId: string;
  /** 0 is the statement that begins it. */
  readonly statementIndex: number;
  /** -1 when it did not wait, or no pool is known. */
  readonly poolWaitMs: number;
  /** -1 when the connection was open already. */
  readonly connectionCreateMs: number;
}

/** One call to a database. */
export class DatabaseCall implements Repeat {
  readonly span: RecordedSpan;
  readonly #start: CallStart;
  #callSite: CallSite | undefined;
  #isHeld = false;
  #endMs = 0;
  rows = -1;
  #batchSize = 0;
  #errorType = "";
  #responseCode = "";

  constructor(span: RecordedSpan, start: CallStart) {
    this.span = span;
    this.#start = start;
    this.#callSite = start.callSite;
    span.detail = this;
    span.mayRepeat = start.repeatIndex > sentWholeMax;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Keeps the span back until `release`, which brings its call site. */
  hold(): void {
    this.#isHeld = true;
  }

  release(callSite: CallSite | undefined): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#callSite = callSite;
    if (this.#endMs !== 0) this.span.endAt(this.#endMs);
  }

  /** `rows` is undefined when there are none to speak of; `batchSize` counts only from 2 on. */
  succeed(rows: number | undefined, batchSize: number): void {
    if (rows !== undefined) this.rows = rows;
    this.#batchSize = batchSize;
    this.#end(false);
  }

  fail(error: unknown): void {
    const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
    if (typeof code === "string" || typeof code === "number") {
      this.#responseCode = String(code).slice(0, 64);
    }
    this.#errorType = this.#responseCode || String(name ?? "error").slice(0, 64);
    this.span.setStatus({ code: 2 });
    this.#end(true);
  }

  get statement(): string {
    return this.#start.statement.text;
  }

  get paramsHash(): ParamsHash | undefined {
    return this.#start.paramsHash;
  }

  get repeat(): Repeat | undefined {
    const isWhole = this.#start.repeatIndex <= sentWholeMax || this.#callSite !== undefined;
    return isWhole ? undefined : this;
  }

  /** A short transaction, where there were ten alike, is one for each row: its calls are summed up with the others'. */
  #longTransactionId(): string {
    const { transactionId, statementIndex } = this.#start;
    return statementIndex > sentWholeMax ? transactionId : "";
  }

  isAlike(other: Repeat): boolean {
    if (!(other instanceof DatabaseCall)) return false;
    const isSameTransaction = this.#longTransactionId() === other.#longTransactionId();
    return isSameTransaction && isSameServer(this.#start.server, other.#start.server);
  }

  #end(isFailed: boolean): void {
    const { span } = this;
    const endMs = span.trace.nowMs();
    const durationMs = endMs - span.startMs;
    span.trace.dbCalls += 1;
    span.trace.dbTimeMs += durationMs;
    if (this.rows > 0) span.trace.dbRows += this.rows;
    this.#start.statement.isWatched = isFailed || durationMs > slowMs;
    if (this.#isHeld) this.#endMs = endMs;
    else span.endAt(endMs);
  }

  get alike(): AlikeSpans | undefined {
    return this.#callSite === undefined ? this.#start.statement.sent?.alike : undefined;
  }

  writeShared(writer: AttributeWriter): void {
    const { statement, server } = this.#start;
    statement.sent ??= toSent(statement, server);
    if (isSameServer(statement.sent.server, server)) writer.kept(statement.sent.attributes);
    else writeStatement(writer, statement, server);
    const transactionId = this.#longTransactionId();
    if (transactionId !== "") writer.text(keys.transactionId, transactionId);
  }

  write(writer: AttributeWriter): void {
    this.writeShared(writer);
    const { paramsHash, repeatIndex } = this.#start;
    if (paramsHash !== undefined) writer.hex(keys.paramsHash, paramsHash.high, paramsHash.low);
    if (this.rows >= 0) writer.integer(keys.dbReturnedRows, this.rows);
    if (this.#batchSize > 1) writer.integer(keys.dbOperationBatchSize, this.#batchSize);
    if (this.#responseCode !== "") writer.known(keys.dbResponseStatusCode, this.#responseCode);
    if (this.#errorType !== "") writer.known(keys.errorType, this.#errorType);
    if (repeatIndex > 1) writer.integer(keys.repeatIndex, repeatIndex);
    if (this.#callSite !== undefined) writeCallSite(writer, this.#callSite);
    this.#writeConnection(writer);
  }

  #writeConnection(writer: AttributeWriter): void {
    const { transactionId, statementIndex, poolWaitMs, connectionCreateMs } = this.#start;
    if (transactionId !== "") {
      if (this.#longTransactionId() === "") writer.text(keys.transactionId, transactionId);
      writer.integer(keys.statementIndex, statementIndex);
    }
    if (poolWaitMs >= 0) writer.double(keys.poolWait, poolWaitMs);
    if (connectionCreateMs >= 0) writer.double(keys.connectionCreate, connectionCreateMs);
  }
}

function isSameServer(one: DatabaseServer, other: DatabaseServer): boolean {
  if (one === other) return true;
  return (
    one.poolName === other.poolName &&
    one.database === other.database &&
    one.host === other.host &&
    one.port === other.port &&
    one.system === other.system
  );
}

function toSent(statement: Statement, server: DatabaseServer): SentStatement {
  const write = (writer: AttributeWriter) => writeStatement(writer, statement, server);
  return { server, attributes: { write, bytes: undefined }, alike: new AlikeSpans() };
}

function writeStatement(
  writer: AttributeWriter,
  statement: Statement,
  server: DatabaseServer,
): void {
  writer.known(keys.dbSystemName, server.system);
  writer.known(keys.dbNamespace, server.database);
  writer.known(keys.serverAddress, server.host);
  if (server.port > 0) writer.integer(keys.serverPort, server.port);
  if (server.poolName !== "") writer.known(keys.dbPoolName, server.poolName);
  writer.known(keys.dbQueryText, statement.text);
  if (statement.summary !== "") writer.known(keys.dbQuerySummary, statement.summary);
  if (statement.operation !== "") writer.known(keys.dbOperationName, statement.operation);
  if (statement.collection !== "") writer.known(keys.dbCollectionName, statement.collection);
}
