import { expect, test } from "vitest";
import {
  buildTrace,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { spanKind } from "../model/trace-view.ts";
import { logicalParents } from "./logical-parent.ts";

/** Name of the logical parent of the query, which stands somewhere below. */
function parentOfQuery(...roots: SpanNode[]): string {
  const trace = buildTrace(...roots);
  const parent = logicalParents(trace)[trace.name.lastIndexOf(query.name)]!;
  return parent === -1 ? "none" : trace.name[parent]!;
}

const leaf: SpanNode = [query, 3, 4];
const wrapper = (fields: SpanFields): SpanNode => [fields, 2, 5, leaf];

test.each<[string, SpanFields]>([
  ["a pool's checkout", { name: "pg-pool.connect", dbSystemName: "postgresql" }],
  ["a transaction", { name: "BEGIN", dbSystemName: "postgresql" }],
  [
    "an ORM's own query span",
    { ...query, name: "knex", scopeName: "@opentelemetry/instrumentation-knex" },
  ],
  ["Prisma", { name: "prisma:client:operation", scopeName: "prisma" }],
  ["a connection", { name: "tcp.connect" }],
  ["a transaction that a library opened", { name: "sequelize.transaction" }],
  ["Hibernate", { name: "Session.find Order", scopeName: "io.opentelemetry.hibernate-6.0" }],
  ["a pool of the JVM", { name: "HikariDataSource.getConnection" }],
  [
    "Active Record",
    { name: "Order query", scopeName: "OpenTelemetry::Instrumentation::ActiveRecord" },
  ],
  ["a middleware", { name: "session", scopeName: "@opentelemetry/instrumentation-express" }],
  [
    "a resolver",
    { name: "graphql.resolve user", scopeName: "@opentelemetry/instrumentation-graphql" },
  ],
])("looks through %s", (_, fields) => {
  expect(parentOfQuery(["GET /orders", 0, 9, wrapper(fields)])).toBe("GET /orders");
});

test.each<[string, SpanFields]>([
  ["a function that the user traced", { name: "loadOrders" }],
  ["a function whose name only holds the word", { name: "importTransactions" }],
  ["a message", { name: "process", kind: spanKind.consumer }],
  ["another service's call", { name: "GET", kind: spanKind.client }],
])("stops at %s", (_, fields) => {
  expect(parentOfQuery(["GET /orders", 0, 9, wrapper(fields)])).toBe(fields.name);
});

test("stops at a server span, even one of a web framework", () => {
  const server = { name: "GET /users", kind: spanKind.server, scopeName: "@fastify/otel" };
  expect(parentOfQuery(["GET /orders", 0, 9, wrapper(server)])).toBe("GET /users");
});

test("the body of a loop is looked through, four equal siblings are not a loop", () => {
  const bodies = (count: number) =>
    Array.from({ length: count }, () => wrapper({ name: "loadUser" }));
  expect(parentOfQuery(["GET /orders", 0, 9, ...bodies(4)])).toBe("loadUser");
  expect(parentOfQuery(["GET /orders", 0, 9, ...bodies(5)])).toBe("GET /orders");
});

test("a root has none; below transparent spans only, the topmost one does", () => {
  expect(parentOfQuery([query, 0, 1])).toBe("none");
  const pool = { name: "pg-pool.connect", dbSystemName: "postgresql" };
  expect(parentOfQuery([pool, 0, 9, [{ ...pool, name: "BEGIN" }, 1, 8, leaf]])).toBe(pool.name);
});
