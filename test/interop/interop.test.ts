import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EmbeddedStore } from "../../storage/embedded/open-embedded-store.ts";
import { type RunningCollector, runCollector } from "../conformance/running-collector.ts";
import { installInPlace } from "../support/run-npm.ts";

/** Exporters as they were published over the years, in processes of their own, against every transport. */
const versions = ["0.52", "0.57", "0.203", "0.301"];
const folder = import.meta.dirname;
const execute = promisify(execFile);
let collector: RunningCollector;
const traceIds = new Map<string, Record<string, string>>();

beforeAll(async () => {
  [collector] = await Promise.all([runCollector(), installInPlace(folder)]);
});

afterAll(() => collector?.close());

test.each(versions)(
  "exporters of %s send over HTTP with JSON and protobuf, and gRPC, plain and gzip",
  async (version) => {
    const before = await collector.metric("culprit_accepted_spans_total");
    const args = [join(folder, "client.cjs"), version, collector.url, `http://${collector.grpc}`];
    const { stdout, stderr } = await execute(process.execPath, args);
    expect(stderr).toBe("");
    traceIds.set(version, JSON.parse(stdout));
    expect(await collector.metric("culprit_accepted_spans_total")).toBe(before + 12);
    expect(await collector.metric("culprit_refused_requests_total")).toBe(0);
  },
);

describe("what is stored", () => {
  let store: EmbeddedStore;

  beforeAll(async () => {
    store = await collector.openStore();
  });

  test.each(versions)("of %s is the same over each transport, with its types", async (version) => {
    const sent = Object.entries(traceIds.get(version) ?? {});
    expect(sent).toHaveLength(6);
    for (const [transport, traceId] of sent) {
      const sql = `
        SELECT name, kind, http_route AS route, attributes_int AS ints, attributes_double AS doubles,
          attributes_bool AS bools, attributes_json AS lists, status_message AS failure, scope_name AS scope,
          arrayMap(e -> (e.name, e.attributes_json), events) AS happened, toUInt8(length(links)) AS linked
        FROM spans WHERE trace_id = unhex({traceId:String}) ORDER BY kind LIMIT 10`;
      const rows = await store.select({ name: "interop", sql }, { traceId });
      expect(rows).toMatchObject([
        {
          name: transport,
          kind: 2,
          route: "/orders",
          ints: { int: "42" },
          doubles: { double: 0.5 },
          bools: { flag: true },
          lists: { list: '{"arrayValue":{"values":[{"stringValue":"a"},{"stringValue":"b"}]}}' },
          scope: "interop",
        },
        {
          kind: 3,
          failure: "timeout",
          happened: [["read", { rows: '{"intValue":"7"}' }]],
          linked: 1,
        },
      ]);
    }
  });
});
