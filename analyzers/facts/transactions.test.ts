import { expect, test } from "vitest";
import {
  buildTrace,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { transactionsOf } from "./transactions.ts";

const statement = (text: string, fields: Partial<SpanFields> = {}): SpanFields => ({
  ...query,
  name: text,
  dbQueryText: text,
  shapeId: `9${text.length}`,
  ...fields,
});
const run = (...texts: readonly string[]) =>
  texts.map((text, i): SpanNode => [statement(text), i * 10, i * 10 + 5]);
const of = (...children: SpanNode[]) => {
  const trace = buildTrace(["POST /orders", 0, 300, ...children]);
  return transactionsOf(trace).map(({ statements, start, end, ...rest }) => ({
    texts: statements.map((span) => trace.name[span]),
    fromMs: start / 1e6,
    toMs: end === null ? null : end / 1e6,
    ...rest,
  }));
};

test("from the end of BEGIN to the start of COMMIT; what is outside belongs to none", () => {
  expect(of(...run("select a", "begin", "insert b", "commit", "select c"))).toMatchObject([
    { texts: ["begin", "insert b", "commit"], fromMs: 15, toMs: 30, isMarked: false },
  ]);
});

test("ROLLBACK ends it, a savepoint's rollback or a prepared commit does not", () => {
  expect(of(...run("begin", "rollback"))).toMatchObject([{ toMs: 10 }]);
  const open = of(...run("start transaction", "rollback to savepoint $1", "rollback work to a"));
  expect(open).toMatchObject([{ toMs: null }]);
});

test("one after the other are two; one within the other can't be told apart", () => {
  const sound = of(...run("begin", "commit", "begin", "commit"));
  expect(sound.map(({ isAmbiguous }) => isAmbiguous)).toEqual([false, false]);
  const mixed = of(...run("begin", "begin", "commit", "commit"));
  expect(mixed.map(({ isAmbiguous }) => isAmbiguous)).toEqual([true, true]);
});

test("of two functions, or two databases, each has its own", () => {
  const mysql = { dbSystemName: "mysql" };
  const children: SpanNode[] = [
    ["a", 0, 90, [statement("begin"), 0, 1], [statement("commit"), 80, 81]],
    ["b", 0, 90, [statement("begin"), 2, 3], [statement("commit"), 70, 71]],
    [statement("begin", mysql), 4, 5],
    [statement("commit", mysql), 60, 61],
  ];
  expect(
    of(...children).map(({ fromMs, toMs, isAmbiguous }) => [fromMs, toMs, isAmbiguous]),
  ).toEqual([
    [1, 80, false],
    [3, 70, false],
    [5, 60, false],
  ]);
});

test("marked statements belong together however they are mixed", () => {
  const marked = (text: string, transactionId: string, atMs: number): SpanNode => [
    statement(text, { transactionId }),
    atMs,
    atMs + 1,
  ];
  const mixed = of(
    marked("begin", "1", 0),
    marked("begin", "2", 2),
    marked("insert a", "1", 4),
    marked("commit", "2", 6),
    marked("commit", "1", 8),
  );
  expect(mixed.map(({ texts, isMarked }) => [texts, isMarked])).toEqual([
    [["begin", "insert a", "commit"], true],
    [["begin", "commit"], true],
  ]);
});

test("an ORM's span holds all below it, until it ends; an empty one is none", () => {
  const wrapper = { name: "sequelize.transaction" };
  expect(of([wrapper, 0, 100, [statement("insert a"), 10, 20]], [wrapper, 110, 120])).toMatchObject(
    [{ texts: ["insert a"], fromMs: 10, toMs: 100 }],
  );
});

test("what sums up many begins, or many commits, delimits none", () => {
  const many = { repeats: 90, repeatDurationSumNs: 9e7, repeatDurationUnionNs: 9e7 };
  const children: SpanNode[] = [
    ...run("begin", "insert a", "commit"),
    ...["begin", "insert a", "commit"].map(
      (text, i): SpanNode => [statement(text, many), 30 + i, 200 + i],
    ),
  ];
  expect(of(...children).map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([[5, 20]]);
});

test("statements alone are no transaction", () => {
  expect(of(...run("select a", "insert b", "commit"))).toEqual([]);
});
