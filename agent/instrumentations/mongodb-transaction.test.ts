import { expect, it } from "vitest";
import { enterMongodbTransaction } from "./mongodb-transaction.ts";

it("counts the commands of a transaction from its first to its commit, and gives each transaction an id", () => {
  const transactions = new WeakMap();
  const transaction = { isStarting: true };
  const session = { transaction };
  const enter = (command: string) => enterMongodbTransaction(transactions, session, command);
  const first = enter("insert");
  transaction.isStarting = false;
  const rest = ["update", "commitTransaction"].map(enter);
  expect(first.transactionId).toMatch(/^[0-9a-f]{16}$/);
  expect([first, ...rest].map(({ statementIndex }) => statementIndex)).toEqual([0, 1, 2]);
  expect(new Set([first, ...rest].map(({ transactionId }) => transactionId)).size).toBe(1);

  expect(enter("find")).toEqual({ transactionId: "", statementIndex: 0 });
  transaction.isStarting = true;
  expect(enter("find").transactionId).not.toBe(first.transactionId);
});

it("knows no transaction without a session, or in one that has none", () => {
  const transactions = new WeakMap();
  const none = { transactionId: "", statementIndex: 0 };
  expect(enterMongodbTransaction(transactions, undefined, "find")).toEqual(none);
  expect(enterMongodbTransaction(transactions, {}, "commitTransaction")).toEqual(none);
});
