import { expect, it } from "vitest";
import type { PgClient } from "../instrumentations/pg-classes.ts";
import { toPlanConnection } from "./pg-connection.ts";

const client: PgClient = {
  host: "db",
  port: 5432,
  user: "shop",
  database: "orders",
  password: "secret",
  ssl: false,
  connection: { stream: { remotePort: 5432 } },
  connectionParameters: { options: "-c search_path=shop" },
};

it("is the client's own, with what the session was begun with", () => {
  expect(toPlanConnection(client)).toEqual({
    host: "db",
    port: 5432,
    user: "shop",
    database: "orders",
    password: "secret",
    ssl: false,
    options: "-c search_path=shop",
  });
});

it("has the private key that pg hides", () => {
  const ssl = Object.defineProperty({ ca: "ca" }, "key", { value: "key", enumerable: false });
  const fromParameters = { ...client, ssl: undefined, connectionParameters: { ssl } };
  for (const it of [{ ...client, ssl }, fromParameters]) {
    expect(toPlanConnection(it)?.ssl).toEqual({ ca: "ca", key: "key" });
  }
});

it("is by a socket of the system, which has no port", () => {
  const local = { ...client, host: "/run/postgresql", connection: { stream: {} } };
  expect(toPlanConnection(local)?.host).toBe("/run/postgresql");
});

it.each([
  ["a stream of the application's own", { connection: { stream: { remotePort: 3307 } } }],
  ["a stream that says nothing", { connection: {} }],
  ["a password that has to be asked for", { password: () => "secret" }],
  ["no host", { host: undefined }],
])("is not known with %s", (_, change) => {
  expect(toPlanConnection({ ...client, ...change })).toBeUndefined();
});

it("can't be handed on with functions", () => {
  const ssl = { checkServerIdentity: () => undefined };
  expect(() => toPlanConnection({ ...client, ssl })).toThrow(/could not be cloned/);
});
