import type { CallSite } from "../evidence/call-site.ts";
import type { Statement } from "../evidence/known-statements.ts";
import type { ActiveContext } from "../tracing/active-context.ts";
import { otlpKind } from "../tracing/recorded-span.ts";
import { takeWaits } from "./connection-states.ts";
import { DatabaseCall, type DatabaseOptions } from "./database-call.ts";
import type { SoughtCall } from "./late-call-site.ts";
import type { PgClient } from "./pg-classes.ts";
import { enterTransaction, leaveTransaction } from "./transaction-state.ts";

/** What is known of a call before it reaches its client. */
export interface PgCall {
  /** As the application wrote it. */
  readonly sql: string;
  /** In which the application made it. */
  readonly active: ActiveContext | undefined;
  readonly statement: Statement;
  readonly repeatIndex: number;
  readonly callSite: CallSite | undefined;
}

/** A call, mostly to a pool, that was announced before there is a client for it. */
export interface AnnouncedCall extends SoughtCall, PgCall {
  /** The call's callback is the pool's own, and nothing of the application's runs in it. */
  isForPromise: boolean;
  repeatIndex: number;
  callSite: CallSite | undefined;
}

/** Starts the span of a call. */
export function startPgCall(
  { tracing, hashParams, states, plans }: DatabaseOptions,
  { sql, active, statement, repeatIndex, callSite }: PgCall,
  client: PgClient,
  values: unknown,
): DatabaseCall {
  const state = states.of(client);
  state.server ??= toServer(client, state.poolName);
  enterTransaction(state, statement);
  const { poolWaitMs, connectionCreateMs } = takeWaits(state);
  const span = tracing.startSpan(active, statement.summary, otlpKind.client);
  plans?.follow(span, { client, sql, values, statement });
  const call = new DatabaseCall(span, {
    statement,
    server: state.server,
    paramsHash: hashParams(sql, values, statement),
    callSite,
    repeatIndex,
    transactionId: state.transactionId,
    statementIndex: state.statements,
    poolWaitMs,
    connectionCreateMs,
  });
  leaveTransaction(state, statement);
  return call;
}

function toServer({ host, port, database }: PgClient, poolName: string) {
  return {
    system: "postgresql",
    host: String(host ?? ""),
    port: Number(port) || 0,
    database: String(database ?? ""),
    poolName,
  };
}
