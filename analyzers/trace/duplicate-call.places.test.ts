import { testDetector } from "../../test/support/detector-tester.ts";
import {
  buildTrace,
  inParallel,
  inSequence,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { spanKind } from "../model/trace-view.ts";
import { duplicateCall } from "./duplicate-call.ts";

/** The same words to another, or for another part: shards, ranges of a file, the catalog. */
const page = (...children: SpanNode[]) => buildTrace(["GET /orders", 0, 300, ...children]);
const same: SpanFields = { ...query, paramsHash: "7" };
const onServers = (calls: number, servers: number) =>
  page(
    ...inParallel(same, calls, 20).map(
      ([what, start, end], i): SpanNode => [
        { ...(what as SpanFields), serverAddress: `db-${i % servers}` },
        start,
        end,
      ],
    ),
  );
const get = (httpResponseStatusCode: number): SpanFields => ({
  name: "GET",
  kind: spanKind.client,
  httpRequestMethod: "GET",
  urlTemplate: "/all.bin",
  serverAddress: "files",
  shapeId: "3001",
  paramsHash: "7",
  httpResponseStatusCode,
});

testDetector(duplicateCall, {
  quiet: {
    "the same question to each of eight shards": [onServers(8, 8), "different-namespaces"],
    "a file in ranges": [page(...inSequence(get(206), 6, 10)), "parts"],
    "the database's catalog": [
      page(...inSequence({ ...same, dbQueryText: "select * from pg_catalog.pg_type" }, 4, 10)),
      "schema-work",
    ],
    "a WebSocket": [
      buildTrace([
        { name: "GET /live", kind: spanKind.server, httpResponseStatusCode: 101 },
        0,
        9_000,
        ...inSequence(same, 4, 10),
      ]),
      "long-lived",
    ],
  },
  finds: {
    "three times to each of two replicas": [
      onServers(6, 2),
      "GET /orders runs the same query with the same parameters 6 times at once: SELECT users",
    ],
    "the same request: for whom, its headers tell, which are unknown": [
      page(...inSequence(get(200), 4, 10)),
      "GET /orders makes the same call with the same parameters 4 times: GET /all.bin",
      "medium",
    ],
  },
});
