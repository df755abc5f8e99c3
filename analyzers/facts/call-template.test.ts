import { expect, test } from "vitest";
import { buildTrace, query } from "../../test/support/trace-builder.ts";
import { spanKind } from "../model/trace-view.ts";
import {
  callKindOf,
  callLabel,
  isDatabaseCall,
  isListCall,
  operationOf,
  takesParameters,
} from "./call-template.ts";

const toTrace = (dbQueryText: string, fields: object = {}) =>
  buildTrace([{ ...query, dbQuerySummary: "", dbQueryText, ...fields }, 0, 1]);

test.each([
  ["select * from users where id = $1", "read"],
  ["/* orders.ts */ SELECT 1", "read"],
  ["with a as (select 1) select * from a", "read"],
  ["with a as (insert into t values ($1) returning id) select * from a", "write"],
  ["insert into users values ($1)", "write"],
  ["COMMIT", "transaction-control"],
  ["fetch 100 from cursor_1", "cursor"],
  ["find users", "read"],
  ["vacuum users", "other"],
  ["", "other"],
])("%s is %s", (text, operation) => expect(operationOf(toTrace(text), 0)).toBe(operation));

test("without a text the summary tells what a call does", () => {
  expect(operationOf(toTrace("", { dbQuerySummary: "findOne users" }), 0)).toBe("read");
  expect(operationOf(toTrace('{"name":"?"}', { dbQuerySummary: "find users" }), 0)).toBe("read");
});

test("a call that brings many rows for a list is a list call; one row for a list of one is not", () => {
  const list = "select * from users where id in ($1)";
  expect(isListCall(toTrace(list, { returnedRows: 40 }), 0)).toBe(true);
  expect(isListCall(toTrace(list, { returnedRows: -1 }), 0)).toBe(true);
  expect(isListCall(toTrace(list, { returnedRows: 1 }), 0)).toBe(false);
  expect(
    isListCall(toTrace("select * from users where id = any($1)", { returnedRows: 40 }), 0),
  ).toBe(true);
  expect(
    isListCall(toTrace("select * from lines where order_id = $1", { returnedRows: 40 }), 0),
  ).toBe(false);
});

test("only a text with a placeholder takes parameters; a missing or cut one may", () => {
  expect(takesParameters(toTrace("select * from settings"), 0)).toBe(false);
  for (const text of [
    "select ?",
    "select $1",
    "select :id",
    "select %s",
    "GET user:*",
    "",
    "select a, b, …",
  ]) {
    expect(takesParameters(toTrace(text), 0), text).toBe(true);
  }
});

test("a label is the summary, else the text's start, else the name", () => {
  expect(callLabel(buildTrace([query, 0, 1]), 0)).toBe("SELECT users");
  expect(callLabel(toTrace("select 1"), 0)).toBe("select 1");
  expect(callLabel(toTrace(""), 0)).toBe("SELECT users");
});

test("a checkout or connect is no call", () => {
  const connect = { name: "pg-pool.connect", dbSystemName: "postgresql" };
  expect(isDatabaseCall(buildTrace([connect, 0, 1]), 0)).toBe(false);
  expect(isDatabaseCall(buildTrace([query, 0, 1]), 0)).toBe(true);
});

test.each([
  ["database", { ...query, urlTemplate: "/_search" }],
  ["http", { kind: spanKind.client, urlTemplate: "/a", messagingDestinationName: "b" }],
  ["messaging", { kind: spanKind.producer, messagingDestinationName: "b" }],
  ["rpc", { kind: spanKind.client }],
  [null, { kind: spanKind.server }],
  [null, { kind: spanKind.client, shapeId: "0" }],
])("what is called is decided as in the collector: %s", (kind, fields) => {
  expect(callKindOf(buildTrace([{ name: "a", shapeId: "1", ...fields }, 0, 1]), 0)).toBe(kind);
});

test.each([
  ["GET", "read"],
  ["HEAD", "read"],
  ["DELETE", "write"],
  ["PROPFIND", "other"],
  ["", "other"],
])("an HTTP call with the method %s is %s", (httpRequestMethod, operation) => {
  const call = { name: "a", kind: spanKind.client, shapeId: "1", urlTemplate: "/products/{id}" };
  const trace = buildTrace([{ ...call, httpRequestMethod }, 0, 1]);
  expect(operationOf(trace, 0)).toBe(operation);
  expect(callLabel(trace, 0)).toBe(`${httpRequestMethod} /products/{id}`.trim());
});

test.each([
  ["catalog.Products/GetProduct", "read"],
  ["S3.PutObject", "write"],
  ["deleteUser", "write"],
  ["SQS.ReceiveMessage", "other"],
  ["Settings/Addresses", "read"],
])("the RPC %s is %s", (name, operation) => {
  const trace = buildTrace([{ name, kind: spanKind.client, shapeId: "1" }, 0, 1]);
  expect(operationOf(trace, 0)).toBe(operation);
});
