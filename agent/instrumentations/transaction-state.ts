import type { Statement } from "../evidence/known-statements.ts";
import { wordToHex } from "../tracing/hex-words.ts";
import { randomWord } from "../tracing/random-words.ts";

/** The transaction that a connection is in. */
export interface TransactionState {
  /** "" outside of one. */
  transactionId: string;
  /** Since it began. */
  statements: number;
}

/** 16 hex digits. */
export function newTransactionId(): string {
  return wordToHex(randomWord()) + wordToHex(randomWord());
}

export function enterTransaction(state: TransactionState, { boundary }: Statement): void {
  if (state.transactionId !== "") state.statements += 1;
  if (boundary !== "begin") return;
  state.transactionId = newTransactionId();
  state.statements = 0;
}

export function leaveTransaction(state: TransactionState, { boundary }: Statement): void {
  if (boundary === "end") state.transactionId = "";
}
