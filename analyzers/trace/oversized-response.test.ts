import { expect, test } from "vitest";
import { testDetector } from "../../test/support/detector-tester.ts";
import {
  buildTrace,
  inSequence,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { spanKind } from "../model/trace-view.ts";
import { oversizedResponse } from "./oversized-response.ts";

const endpoint = (route: string, responseBytes: number): SpanFields => ({
  name: `GET ${route}`,
  kind: spanKind.server,
  httpRequestMethod: "GET",
  httpRoute: route,
  responseBytes,
});
const products: SpanFields = {
  ...query,
  name: "SELECT products",
  dbQuerySummary: "SELECT products",
  dbQueryText: "select id, name from products",
  returnedRows: 5000,
};
const page = (bytes: number, ...children: SpanNode[]) =>
  buildTrace([endpoint("/products", bytes), 0, 100, ...children]);
const reading = (fields: Partial<SpanFields>, bytes = 0) =>
  page(bytes, [{ ...products, ...fields }, 10, 60]);
const at = (route: string) => buildTrace([endpoint(route, 2e6), 0, 100, [products, 10, 60]]);
const sent = (route: string, fields: Partial<SpanFields>, ...children: SpanNode[]) =>
  buildTrace([{ ...endpoint(route, 2e6), ...fields }, 0, 100, ...children]);
const typed = (responseContentType: string, fields: Partial<SpanFields> = {}) =>
  sent("/products", { responseContentType, ...fields }, [products, 10, 60]);
const get = (responseBytes: number): SpanFields => ({
  name: "GET",
  kind: spanKind.client,
  shapeId: "3001",
  urlTemplate: "/products",
  responseBytes,
});

testDetector(oversizedResponse, {
  quiet: {
    "a page of it": reading({ returnedRows: 50 }, 20_000),
    "999 rows, and 499 kB": reading({ returnedRows: 999 }, 499_999),
    "a bare SDK: neither rows nor bytes are known": reading({ returnedRows: -1 }),
    "a thousand inserts": reading({
      dbQueryText: "insert into a select * from b",
      dbQuerySummary: "INSERT a",
    }),
    "a loop that reads a lot each time: the loop is the fault": page(
      0,
      ...inSequence(products, 5, 10),
    ),
    "a thousand rows, as asked for": [
      reading({ dbQueryText: "select id from products order by id limit $1" }),
      "limit",
    ],
    "the rows of a thousand ids": [
      reading({ dbQueryText: "select id from products where id = any($1)" }),
      "batched-lists",
    ],
    "an export": [at("/products/export"), "download"],
    "a file": [at("/catalog.csv"), "download"],
    "what Prometheus scrapes": [at("/metrics"), "download"],
    "files of a folder": [at("/static/*"), "download"],
    "a picture": [at("/users/:id/avatar"), "download"],
    "a document as PDF": [at("/invoices/{id}/pdf"), "download"],
    "a part of a file": [
      buildTrace([{ ...endpoint("/movie", 2e6), httpResponseStatusCode: 206 }, 0, 100]),
      "download",
    ],
    "a picture, whatever its route is called": [typed("image/png"), "download"],
    "a spreadsheet that a route does not name": [
      typed("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
      "download",
    ],
    "all rows as CSV": [typed("text/csv"), "download"],
    "an archive": [typed("application/zip"), "download"],
    "parts of a file": [typed("multipart/byteranges"), "download"],
    "the application's own script": [typed("text/javascript"), "download"],
    "events, as they happen": [typed("text/event-stream"), "stream"],
    "rows that are written as they come": [typed("application/x-ndjson"), "stream"],
    "small JSON that went uncompressed": sent("/products", {
      responseBytes: 499_999,
      responseContentType: "application/json",
      isResponseUncompressed: 1,
    }),
    "a gateway that passes on what another service answered": [
      page(2e6, [get(2e6), 10, 90]),
      "relayed",
    ],
    "a job without a request": [buildTrace(["reindex", 0, 100, [products, 10, 60]]), "no-request"],
    "a consumer of messages": [
      buildTrace([{ name: "orders process", kind: spanKind.consumer }, 0, 100, [products, 10, 60]]),
      "no-request",
    ],
    "a health check with all there is": [at("/healthz"), "health-check"],
    "a stream that is open for minutes": [
      buildTrace([endpoint("/changes", 2e6), 0, 90_000, [products, 10, 60]]),
      "long-lived",
    ],
  },
  finds: {
    "all rows, and all of them are sent": [
      reading({}, 2_100_000),
      "GET /products answers with 2.1 MB, and reads 5,000 rows without a limit: SELECT products",
      "high",
    ],
    "all rows, for a small answer: summed up in the application": [
      reading({}, 800),
      "GET /products answers with 1 kB, and reads 5,000 rows without a limit: SELECT products",
      "medium",
    ],
    "rows are known, the answer's size is not": [
      reading({}),
      "GET /products reads 5,000 rows without a limit: SELECT products",
      "medium",
    ],
    "a bare SDK that knows the size of the answer": [
      page(700_000),
      "GET /products answers with 700 kB",
      "low",
    ],
    "a limit that is no page": [
      reading({ dbQueryText: "select id from products limit $1", returnedRows: 50_000 }, 9e6),
      "GET /products answers with 9.0 MB, and reads 50,000 rows: SELECT products",
      "medium",
    ],
    "all rows, in one piece and uncompressed": [
      typed("application/json", { isResponseWhole: 1, isResponseUncompressed: 1 }),
      "GET /products answers with 2.0 MB (made in one piece, not compressed), and reads 5,000 rows without a limit: SELECT products",
      "high",
    ],
    "all rows, compressed by somebody, or for a client that can't": [
      typed("application/json", { isResponseWhole: 1 }),
      "GET /products answers with 2.0 MB (made in one piece), and reads 5,000 rows without a limit: SELECT products",
      "high",
    ],
    "JSON is data, whoever brought it": [
      sent("/products", { responseContentType: "application/json" }),
      "GET /products answers with 2.0 MB",
      "medium",
    ],
    "a page of text may be a document": [
      sent("/terms", {
        responseContentType: "text/html",
        isResponseWhole: 1,
        isResponseUncompressed: 1,
      }),
      "GET /terms answers with 2.0 MB (not compressed)",
      "low",
    ],
    "a format that nobody knows is not said to shrink": [
      typed("application/x-protobuf", { isResponseUncompressed: 1 }),
      "GET /products answers with 2.0 MB, and reads 5,000 rows without a limit: SELECT products",
      "high",
    ],
    "made of several smaller answers of others": [
      page(2e6, [get(1e6), 10, 40], [get(1e6), 40, 90]),
      "GET /products answers with 2.0 MB",
    ],
    "profiles are no files, and a feed of news is a list": [
      at("/profiles/feed"),
      "GET /profiles/feed answers with 2.0 MB, and reads 5,000 rows without a limit: SELECT products",
      "high",
    ],
    "documents of MongoDB": [
      reading({
        dbSystemName: "mongodb",
        dbQueryText: '{"find":"products"}',
        dbQuerySummary: "find products",
      }),
      "GET /products reads 5,000 rows without a limit: find products",
    ],
  },
});

test("oversized-response: one finding an endpoint; the queries without a limit are in question", () => {
  const limited = { ...products, dbQueryText: "select id from a limit $1", shapeId: "1002" };
  const trace = page(2e6, [limited, 10, 40], [products, 40, 80]);
  const [observation, ...more] = oversizedResponse.detect(trace, oversizedResponse.meta.defaults);
  expect(more).toEqual([]);
  expect(observation!.spans).toEqual([2]);
  // The query's 40 ms, and what comes after it; at worst a fifth of the rows is left.
  expect(observation!.changes).toEqual([
    { kind: "read-page", spans: [2, 0], removableNs: [40e6, 20e6], leftShare: 0.2 },
  ]);
  expect(observation!.identity).toEqual(["shop", "test", "GET", "/products"]);
});

test("oversized-response: of a large answer alone nobody knows what a page of it would take", () => {
  const [observation] = oversizedResponse.detect(page(9e6), oversizedResponse.meta.defaults);
  expect(observation!.changes).toEqual([]);
  expect(observation!.spans).toEqual([0]);
});

test("oversized-response: only of what would shrink is said that compressing is the fix", () => {
  const fixOf = (trace: ReturnType<typeof typed>) =>
    oversizedResponse.detect(trace, oversizedResponse.meta.defaults)[0]!.fix.at(-1);
  const uncompressed = { isResponseUncompressed: 1 };
  expect(fixOf(typed("application/json", uncompressed))).toMatch(/^Compress it: clients take it/);
  expect(fixOf(typed("application/problem+json", uncompressed))).toMatch(/^Compress it/);
  expect(fixOf(typed("application/x-protobuf", uncompressed))).toMatch(/^Compress answers/);
  expect(fixOf(typed("application/json"))).toMatch(/^Compress answers/);
  expect(fixOf(typed(""))).toMatch(/^Compress answers/);
});
