import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { decode } from "./testing/decode-model.ts";
import { attribute, type OtlpSpan, requestOf } from "./testing/otlp-model.ts";

const { query } = createRequire(import.meta.url)("chdb") as typeof import("chdb");

const folder = mkdtempSync(join(tmpdir(), "call-writer-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const server = 2;
const client = 3;
const producer = 4;
const consumer = 5;

/** What ClickHouse reads of a span with these attributes. */
function readSpan(
  attributes: Readonly<Record<string, string | number>>,
  span: Partial<OtlpSpan> = {},
): Record<string, unknown> {
  const list = Object.entries(attributes).map(([key, value]) => attribute(key, value));
  const file = join(folder, "block.native");
  writeFileSync(file, decode(requestOf({ ...span, attributes: list })).block);
  const sql = `SELECT *, toString(shape_id) AS shape FROM file('${file}', Native)`;
  return JSON.parse(query(sql, "JSONEachRow"));
}

const shapeOf = (...span: Parameters<typeof readSpan>) => readSpan(...span).shape;

describe("older names fill the column of the current one", () => {
  it.each([
    ["db.statement", "GET a", "db_query_text", "get a"],
    ["db.system", "mysql", "db_system_name", "mysql"],
    ["db.name", "shop", "db_namespace", "shop"],
    ["db.sql.table", "orders", "db_collection_name", "orders"],
    ["db.mongodb.collection", "orders", "db_collection_name", "orders"],
    ["http.method", "PUT", "http_request_method", "PUT"],
    ["http.status_code", 404, "http_response_status_code", 404],
    ["http.target", "/a/1?token=x", "url_path", "/a/1"],
    ["http.url", "https://u:p@shop.example:8080/a/1?token=x", "url_path", "/a/1"],
    ["http.url", "https://u:p@shop.example:8080/a/1?token=x", "server_address", "shop.example"],
    ["net.peer.name", "db1", "server_address", "db1"],
    ["messaging.destination", "jobs", "messaging_destination_name", "jobs"],
    ["code.filepath", "a.js", "code_file_path", "a.js"],
    ["code.lineno", 7, "code_line_number", 7],
    ["code.function", "f", "code_function_name", "f"],
  ])("%s: %j", (name, value, column, stored) => {
    const row = readSpan({ [name]: value });
    expect(row[column]).toBe(stored);
    expect(Object.keys(row.attributes as object)).toEqual(name === "http.url" ? ["url.full"] : []);
  });

  it.each([
    [{ "rpc.system": "grpc" }, { "rpc.system.name": "grpc" }],
    [
      { "messaging.system": "kafka", "messaging.destination.name": "jobs" },
      { "messaging.system.name": "kafka", "messaging.destination.name": "jobs" },
    ],
  ])("%j has the shape of %j", (older, current) => {
    const shape = shapeOf(older, { kind: client });
    expect(shape).not.toBe("0");
    expect(shapeOf(current, { kind: client })).toBe(shape);
  });

  it("a peer is named by peer.service, or by its current name", () => {
    expect(readSpan({ "peer.service": "stock" }).peer).toBe("stock");
    const both = { "peer.service": "old", "server.service.name": "stock" };
    expect(readSpan(both, { kind: client }).peer).toBe("stock");
  });

  it("an operation keeps the current name only", () => {
    const { attributes } = readSpan({ "db.system": "redis", "db.operation": "GET" });
    expect(attributes).toEqual({ "db.operation.name": "GET" });
  });

  it("not when the current one is there, whatever their order", () => {
    expect(
      readSpan({ "http.method": "GET", "http.request.method": "PUT" }).http_request_method,
    ).toBe("PUT");
    expect(
      readSpan({ "http.request.method": "PUT", "http.method": "GET" }).http_request_method,
    ).toBe("PUT");
  });

  it("the server's address is the far end of a client, and the near end of a server", () => {
    const both = { "net.peer.name": "peer", "net.host.name": "host" };
    expect(readSpan(both, { kind: client })).toMatchObject({
      server_address: "peer",
      attributes: { "net.host.name": "host" },
    });
    expect(readSpan(both, { kind: server })).toMatchObject({
      server_address: "host",
      attributes: { "net.peer.name": "peer" },
    });
  });
});

describe("a value of another type than its column's stays an attribute", () => {
  it.each([
    ["http.response.status_code", "200", "attributes"],
    ["http.response.status_code", 70_000, "attributes_int"],
    ["http.response.status_code", -1, "attributes_int"],
    ["http.route", 7, "attributes_int"],
    ["culprit.params_hash", "not sixteen hex digits", "attributes"],
  ])("%s: %j", (name, value, map) => {
    const stored = (readSpan({ [name]: value })[map] as Record<string, unknown>)[name];
    expect(String(stored)).toBe(String(value));
  });
});

it("what is unknown has its neutral value", () => {
  expect(readSpan({ "culprit.repeats": 0 })).toMatchObject({ repeats: 1, weight: 1, shape: "0" });
  expect(String(readSpan({}).returned_rows)).toBe("-1");
  expect(readSpan({}, { kind: 9, status: { code: 9 } })).toMatchObject({ kind: 0, status_code: 0 });
});

it("no secret of a URL is stored", () => {
  const url = "https://user:secret1@host/a;jsessionid=secret2?token=secret3&secret4#secret5";
  const attributes = {
    "url.full": url,
    "http.url": url,
    "http.target": "/a?token=secret3",
    "url.query": "token=secret3&secret4",
    "url.path": "/a;jsessionid=secret2",
  };
  const row = readSpan(attributes);
  expect(JSON.stringify(row)).not.toContain("secret");
  expect(row.attributes).toEqual({
    "url.full": "https://host/a?token=REDACTED&REDACTED",
    "url.query": "token=REDACTED&REDACTED",
  });
});

it("peer is the service called, else the destination, else the address that a client calls", () => {
  const all = { "peer.service": "s", "messaging.destination.name": "d", "server.address": "a" };
  const { "peer.service": _, ...unnamed } = all;
  expect(readSpan(all).peer).toBe("s");
  expect(readSpan(unnamed).peer).toBe("d");
  expect(readSpan({ "server.address": "a" }, { kind: producer }).peer).toBe("a");
  expect(readSpan({ "server.address": "a" }, { kind: server }).peer).toBe("");
});

describe("shapes", () => {
  const sql = (text: string, more = {}) => ({
    "db.system.name": "postgresql",
    "db.query.text": text,
    ...more,
  });

  it("of queries are equal when only values and namespaces differ", () => {
    const shape = shapeOf(sql("SELECT * FROM t WHERE id = 1", { "db.namespace": "a" }));
    expect(shapeOf(sql("select *  from t where id = 22", { "db.namespace": "b" }))).toBe(shape);
    expect(shapeOf(sql("select * from u where id = 1"))).not.toBe(shape);
    expect(
      shapeOf({ ...sql("SELECT * FROM t WHERE id = 1"), "db.system.name": "cockroachdb" }),
    ).not.toBe(shape);
  });

  it("are unknown for a query that can't be read", () => {
    expect(readSpan(sql("select 'secret"))).toMatchObject({
      shape: "0",
      db_query_text: "<unparsed 14>",
    });
  });

  it("of documents and commands tell collections and operations apart", () => {
    const mongo = (operation: string, collection: string, id: number) => ({
      "db.system": "mongodb",
      "db.operation": operation,
      "db.mongodb.collection": collection,
      "db.statement": `{"filter":{"_id":${id}}}`,
    });
    const shape = shapeOf(mongo("find", "orders", 1));
    expect(shapeOf(mongo("find", "orders", 2))).toBe(shape);
    expect(shapeOf(mongo("find", "users", 1))).not.toBe(shape);
    expect(shapeOf(mongo("count", "orders", 1))).not.toBe(shape);
    expect(readSpan(mongo("find", "orders", 1))).toMatchObject({
      db_query_summary: "find orders",
      db_query_text: "{filter: {_id: ?}}",
    });
  });

  it("of HTTP calls are method, host and template, of clients only", () => {
    const call = (method: string, url: string) => ({
      "http.request.method": method,
      "url.full": url,
    });
    const shape = shapeOf(call("GET", "https://a/items/1"));
    expect(shapeOf(call("GET", "https://a/items/2"))).toBe(shape);
    const searched = shapeOf(call("GET", "https://a/items/1?x=1&y=1"));
    expect(shapeOf(call("GET", "https://a/items/2?y=2&x=3"))).toBe(searched);
    expect(searched).not.toBe(shape);
    expect(shapeOf({ ...call("GET", "/items/2"), "server.address": "a" })).toBe(shape);
    expect(shapeOf(call("PUT", "https://a/items/1"))).not.toBe(shape);
    expect(shapeOf(call("GET", "https://b/items/1"))).not.toBe(shape);
    expect(shapeOf(call("GET", "https://a/users/1"))).not.toBe(shape);
    expect(readSpan(call("GET", "https://a/items/1")).url_template).toBe("/items/{id}");
    expect(shapeOf(call("GET", "https://a/items/1"), { kind: server })).toBe("0");
  });

  it("of GETs without the agent's hash of parameters are told apart by one of the URL, which is never stored", () => {
    const get = (url: string) => ({ "http.request.method": "GET", "url.full": url });
    const hashOf = (url: string, more: Record<string, string> = {}) =>
      String(readSpan({ ...get(url), ...more }).params_hash);
    const hash = hashOf("https://a/items?id=1");
    expect(hash).not.toBe("0");
    expect(hashOf("https://a/items?id=1")).toBe(hash);
    expect(hashOf("https://a/items?id=2")).not.toBe(hash);
    expect(hashOf("https://a/items?id=1", { "http.request.method": "POST" })).toBe("0");
    expect(hashOf("https://a/items?id=1", { "culprit.params_hash": "00000000000000ff" })).toBe(
      "255",
    );
    for (const hidden of ["Redacted", "REDACTED", "***", "?", ""]) {
      expect(hashOf(`https://a/items?id=${hidden}`), hidden).toBe("0");
    }
  });

  it("of messages are system and destination, of senders only", () => {
    const send = { "messaging.system": "kafka", "messaging.destination.name": "orders" };
    const shape = shapeOf(send, { kind: producer });
    expect(shape).not.toBe("0");
    expect(shapeOf({ ...send, "messaging.system": "sqs" }, { kind: producer })).not.toBe(shape);
    expect(shapeOf(send, { kind: consumer })).toBe("0");
  });

  it("of remote procedures are system and span name, of clients only", () => {
    const shape = shapeOf({ "rpc.system": "grpc" }, { name: "shop.Stock/Get" });
    expect(shape).not.toBe("0");
    expect(shapeOf({ "rpc.system": "grpc" }, { name: "shop.Stock/Put" })).not.toBe(shape);
    expect(shapeOf({ "rpc.system": "grpc" }, { kind: server })).toBe("0");
  });
});

describe("names that are one too many", () => {
  const read = (service: string, limits: object) => {
    const route = [attribute("http.route", "/users/71")];
    const span = { name: "GET /users/71", attributes: route };
    const decoded = decode(requestOf(span, [attribute("service.name", service)]), limits);
    const file = join(folder, "names.native");
    writeFileSync(file, decoded.block);
    const sql = `SELECT * FROM file('${file}', Native)`;
    return { row: JSON.parse(query(sql, "JSONEachRow")), losses: decoded.losses };
  };

  it("are stored under one name, and kept as attributes", () => {
    const { row, losses } = read("service-71", { operationsMax: 0 });
    expect(row).toMatchObject({
      name: "__overflow__",
      http_route: "",
      service: "service-71",
      attributes: { "culprit.span.name": "GET /users/71", "http.route": "/users/71" },
    });
    expect(losses).toMatchObject({ overflowedNames: 1, overflowedServices: 0 });
  });

  it("of services are stored under one name, and kept in the resource", () => {
    const { row, losses } = read("service-72", { servicesMax: 0 });
    expect(row).toMatchObject({
      service: "__overflow__",
      resource_attributes: { "service.name": "service-72" },
    });
    expect(losses).toMatchObject({ overflowedServices: 1 });
  });
});
