import fc from "fast-check";
import { afterAll, beforeEach, expect, it } from "vitest";
import { SpansTable } from "../../test/support/spans-table.ts";
import { decodeOtlp } from "./decode-otlp.ts";
import { context } from "./testing/decode-model.ts";
import { encodeOtlp } from "./testing/encode-otlp.ts";
import {
  attribute,
  type OtlpRequest,
  requestArbitrary,
  requestOf,
  testTimeMs,
} from "./testing/otlp-model.ts";

/** The blocks are read by the engine that they are meant for, in the table that the migrations make. */
const table = new SpansTable();

beforeEach(() => {
  table.run("TRUNCATE TABLE spans");
});

afterAll(() => {
  table.close();
});

it("every column of a span but its evidence comes back from the engine", () => {
  insert([richRequest()]);

  expect(
    table.select(
      "SELECT * EXCEPT (trace_id, span_id, parent_span_id, links, shape_id, resource_id) EXCEPT ('^(response|pool|repeat|block|transaction)_') FROM spans",
    ),
  ).toEqual([
    {
      ts: "2027-01-15 08:00:00.000000001",
      duration: "5000000",
      received: "2027-01-15 08:00:01.234",
      trace_state: "ot=th:8",
      flags: 257,
      name: "SELECT shop",
      kind: 3,
      status_code: 2,
      status_message: "deadlock",
      service: "shop",
      environment: "production",
      service_version: "1.2.3",
      scope_name: "pg",
      scope_version: "0.77",
      weight: 2,
      repeats: 40,
      http_request_method: "GET",
      http_route: "/orders/:id",
      http_response_status_code: 503,
      url_path: "/orders/7",
      url_template: "/orders/{id}",
      server_address: "db.internal",
      db_system_name: "postgresql",
      db_namespace: "shop",
      db_collection_name: "products",
      db_query_summary: "SELECT products",
      db_query_text: "select * from products where id in ($1)",
      messaging_destination_name: "orders",
      peer: "orders",
      error_type: "40P01",
      code_file_path: "/app/orders.js",
      code_line_number: 42,
      code_function_name: "listOrders",
      params_hash: "18364758544493064720",
      returned_rows: "-3",
      attributes: { "user.id": "u-1" },
      attributes_int: {
        smallest: "-9223372036854775808",
        largest: "9223372036854775807",
        "otel.dropped_attributes_count": "2",
        "otel.dropped_links_count": "3",
      },
      attributes_double: { ratio: 0.1 },
      attributes_bool: { yes: true, no: false },
      attributes_json: {
        list: '{"arrayValue":{"values":[{"intValue":"1"},{"arrayValue":{"values":[{"stringValue":"a\\"b"}]}}]}}',
        fields: '{"kvlistValue":{"values":[{"key":"k","value":{"doubleValue":"NaN"}}]}}',
        raw: '{"bytesValue":"AP8="}',
        nothing: "{}",
      },
      events: [
        {
          ts: "2027-01-15 08:00:00.000000002",
          name: "exception",
          attributes: { "exception.type": "Error" },
          attributes_json: { "exception.escaped": '{"boolValue":true}' },
        },
        { ts: "2027-01-15 08:00:00.000000003", name: "retry", attributes: {}, attributes_json: {} },
      ],
      resource_attributes: {
        "service.name": "shop",
        "service.version": "1.2.3",
        "deployment.environment.name": "production",
      },
      resource_attributes_json: { "process.pid": '{"intValue":"77"}' },
      scope_attributes: { "scope.a": "b", "scope.n": '{"intValue":"1"}' },
    },
  ]);
});

it("ids and links keep their bytes", () => {
  insert([richRequest()]);

  const ids =
    "lower(hex(trace_id)) AS t, lower(hex(span_id)) AS s, lower(hex(parent_span_id)) AS p";
  const links =
    "arrayMap(l -> (lower(hex(l.1)), lower(hex(l.2)), l.3, l.4['why'], l.5['n']), links) AS l";
  expect(table.select(`SELECT ${ids}, ${links} FROM spans`)).toEqual([
    {
      t: "0102030405060708090a0b0c0d0e0f10",
      s: "1112131415161718",
      p: "2122232425262728",
      l: [["aa".repeat(16), "bb".repeat(8), "x=1", "batch", '{"intValue":"2"}']],
    },
  ]);
});

it("blocks that follow each other in a file are inserted together", () => {
  const many = Array.from({ length: 300 }, (_, i) => attribute(`key.${i}`, `value ${i}`));
  insert([
    requestOf({ name: "a" }),
    requestOf({ name: "b", attributes: many }),
    requestOf({ name: "c", attributes: [attribute("key.7", "other")] }),
  ]);

  expect(
    table.select(
      "SELECT name, length(attributes) AS n, attributes['key.7'] AS v FROM spans ORDER BY name",
    ),
  ).toEqual([
    { name: "a", n: "0", v: "" },
    { name: "b", n: "300", v: "value 7" },
    { name: "c", n: "1", v: "other" },
  ]);
});

it("resource attributes stand on the first span of each resource", () => {
  const { resourceSpans } = requestOf({});
  const [first] = resourceSpans;
  const [scope] = first!.scopeSpans;
  const twice = { ...first!, scopeSpans: [{ spans: [...scope!.spans, ...scope!.spans] }] };
  insert([
    {
      resourceSpans: [
        twice,
        twice,
        ...requestOf({}, [attribute("service.name", "b")]).resourceSpans,
      ],
    },
  ]);

  expect(
    table.select(
      "SELECT resource_attributes['service.name'] AS r, uniqExact(resource_id) AS ids, count() AS n FROM spans GROUP BY r ORDER BY r",
    ),
  ).toEqual([
    { r: "", ids: "1", n: "3" },
    { r: "b", ids: "1", n: "1" },
    { r: "shop", ids: "1", n: "1" },
  ]);
});

it("the engine takes whatever the decoder accepts", () => {
  const requests = fc.sample(requestArbitrary, { numRuns: 200, seed: 7 });
  insert(requests);

  const spans = requests.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
  );
  // With one of these a name may hold a literal or a URL's secret, and is then stored without it.
  const names = spans.map(({ name = "" }) => name).filter((name) => !/["#'(;<=>?@]/.test(name));
  const events = spans.reduce((sum, span) => sum + (span.events?.length ?? 0), 0);
  const rows = "arraySort(groupArray(name)) AS names, toInt32(sum(length(events))) AS events";
  expect(spans.length).toBeGreaterThan(100);
  expect(table.select(`SELECT ${rows} FROM spans`)).toEqual([
    { names: expect.arrayContaining(names), events },
  ]);
});

function richRequest(): OtlpRequest {
  const { resourceSpans } = requestOf(
    {
      parentSpanId: "2122232425262728",
      traceState: "ot=th:8",
      flags: 257,
      name: "SELECT shop",
      status: { code: 2, message: "deadlock" },
      droppedAttributesCount: 2,
      droppedLinksCount: 3,
      attributes: [
        attribute("user.id", "u-1"),
        attribute("smallest", { intValue: "-9223372036854775808" }),
        attribute("largest", { intValue: "9223372036854775807" }),
        attribute("ratio", { doubleValue: 0.1 }),
        attribute("yes", true),
        attribute("no", false),
        attribute("list", {
          arrayValue: {
            values: [{ intValue: "1" }, { arrayValue: { values: [{ stringValue: 'a"b' }] } }],
          },
        }),
        attribute("fields", {
          kvlistValue: { values: [{ key: "k", value: { doubleValue: "NaN" } }] },
        }),
        attribute("raw", { bytesValue: "AP8=" }),
        attribute("nothing", {}),
        attribute("http.request.method", "GET"),
        attribute("http.route", "/orders/:id"),
        attribute("http.response.status_code", 503),
        attribute("url.path", "/orders/7"),
        attribute("server.address", "db.internal"),
        attribute("db.system.name", "postgresql"),
        attribute("db.namespace", "shop"),
        attribute("db.query.text", "SELECT * FROM products WHERE id IN (1, 2)"),
        attribute("messaging.destination.name", "orders"),
        attribute("error.type", "40P01"),
        attribute("code.file.path", "/app/orders.js"),
        attribute("code.line.number", 42),
        attribute("code.function.name", "listOrders"),
        attribute("culprit.params_hash", "fedcba9876543210"),
        attribute("culprit.repeats", 40),
        attribute("db.response.returned_rows", -3),
      ],
      events: [
        {
          timeUnixNano: `${testTimeMs}000002`,
          name: "exception",
          attributes: [attribute("exception.type", "Error"), attribute("exception.escaped", true)],
        },
        { timeUnixNano: `${testTimeMs}000003`, name: "retry", attributes: [] },
      ],
      links: [
        {
          traceId: "aa".repeat(16),
          spanId: "bb".repeat(8),
          traceState: "x=1",
          attributes: [attribute("why", "batch"), attribute("n", 2)],
        },
      ],
    },
    [
      attribute("service.name", "shop"),
      attribute("service.version", "1.2.3"),
      attribute("deployment.environment.name", "production"),
      attribute("process.pid", 77),
    ],
  );
  const scope = {
    name: "pg",
    version: "0.77",
    attributes: [attribute("scope.a", "b"), attribute("scope.n", 1)],
  };
  const { resource, scopeSpans } = resourceSpans[0]!;
  return {
    resourceSpans: [{ resource: resource!, scopeSpans: [{ scope, spans: scopeSpans[0]!.spans }] }],
  };
}

function insert(requests: readonly OtlpRequest[]): void {
  const receivedMs = testTimeMs + 1_234;
  table.insert(
    requests.map(
      (request) =>
        decodeOtlp("traces", encodeOtlp(request), "protobuf", { ...context, receivedMs }).block,
    ),
  );
}
