import type { MongodbSession } from "./mongodb-classes.ts";
import { newTransactionId, type TransactionState } from "./transaction-state.ts";

/** By the session that has them. */
export type MongodbTransactions = WeakMap<MongodbSession, TransactionState>;

const none = { transactionId: "", statementIndex: 0 };
const ends = new Set(["commitTransaction", "abortTransaction"]);

/** A transaction begins with its first command, which has index 0; commit and abort are its last. */
export function enterMongodbTransaction(
  transactions: MongodbTransactions,
  session: MongodbSession | null | undefined,
  command: string,
): { readonly transactionId: string; readonly statementIndex: number } {
  if (session === null || session === undefined) return none;
  let state = transactions.get(session);
  if (session.transaction?.isStarting === true) {
    state = { transactionId: newTransactionId(), statements: 0 };
    transactions.set(session, state);
  } else if (state === undefined || state.transactionId === "") {
    return none;
  } else {
    state.statements += 1;
  }
  const entered = { transactionId: state.transactionId, statementIndex: state.statements };
  if (ends.has(command)) state.transactionId = "";
  return entered;
}
