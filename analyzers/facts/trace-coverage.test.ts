import { expect, test } from "vitest";
import { buildTrace, inSequence, query } from "../../test/support/trace-builder.ts";
import { traceCoverage } from "./trace-coverage.ts";

const get = {
  name: "GET",
  kind: 3,
  shapeId: "3001",
  urlTemplate: "/stock",
  serverAddress: "stock",
  httpRequestMethod: "GET",
};

test("no trace, nothing to say", () => {
  expect(Object.values(traceCoverage([])).every((count) => count === 0)).toBe(true);
});

test("a trace of our agent lacks nothing but the call sites of the first two repeats", () => {
  const stock = { name: "GET /stock", kind: 2, service: "stock", httpRoute: "/stock" };
  const queries = inSequence(query, 3, 10).map(([call, ...times], i) =>
    i < 2
      ? ([call, ...times] as const)
      : ([{ ...query, paramsHash: "9", codeFilePath: "a.ts" }, ...times] as const),
  );
  const trace = buildTrace(["GET /orders", 0, 100, ...queries, [get, 30, 100, [stock, 40, 90]]]);
  expect(traceCoverage([trace])).toMatchObject({
    spans: 6,
    servers: 2,
    queries: 3,
    repeats: 1,
    requests: 1,
    orphans: 0,
    serversWithoutRoute: 0,
    queriesWithoutText: 0,
    queriesWithoutParameters: 0,
    queriesWithoutRows: 0,
    requestsWithoutServer: 0,
    repeatsWithoutCallSite: 0,
    sampledTraces: 0,
    serverNs: 150e6,
    unexplainedNs: 50e6,
  });
});

test("of a bare SDK: no route, no text, no parameters, no rows, no call site, no other side", () => {
  const bare = { ...query, dbQueryText: "", paramsHash: "0", returnedRows: -1 };
  const server = { name: "GET", kind: 2, httpRequestMethod: "GET", weight: 10 };
  const lost = { name: "SELECT x", parentSpanId: "00000000000000ff" };
  const trace = buildTrace(
    [server, 0, 100, ...inSequence(bare, 4, 10), [get, 40, 90]],
    [lost, 0, 10],
  );
  expect(traceCoverage([trace])).toMatchObject({
    orphans: 1,
    servers: 1,
    serversWithoutRoute: 1,
    queries: 4,
    queriesWithoutText: 4,
    queriesWithoutParameters: 4,
    queriesWithoutRows: 4,
    requests: 1,
    requestsWithoutServer: 1,
    repeats: 2,
    repeatsWithoutCallSite: 2,
    sampledTraces: 1,
    unexplainedNs: 10e6,
  });
});
