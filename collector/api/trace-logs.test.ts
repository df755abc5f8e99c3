import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loopTrace, openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import { createTracesApi } from "./traces.ts";

let traces: TestStore;
let server: Server;
let url = "";
const spans = loopTrace({ route: "/orders" });
const { traceId, spanId } = spans[0]!;

beforeAll(async () => {
  traces = await openTestStore();
  await traces.insert(spans);
  const api = createTracesApi({
    store: traces.store,
    readWaterfall: async () => null,
    titleOf: (id) => id,
  });
  server = createServer(express().use(api)).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await traces.close();
});

async function readLogs(ofTrace: string) {
  return JSON.parse(await (await fetch(`${url}/traces/${ofTrace}/logs`)).text());
}

test("the logs of a trace come by time, of other traces none; what is long is cut", async () => {
  const { startMs } = spans[0]!;
  const at = (ms: number) => `${startMs + ms}000000`;
  const logRecords = [
    { timeUnixNano: at(9), traceId, severityNumber: 17, body: { stringValue: "x".repeat(3_000) } },
    {
      timeUnixNano: at(2),
      traceId,
      spanId,
      severityText: "warning",
      eventName: "retry",
      body: { kvlistValue: { values: [{ key: "n", value: { intValue: "1" } }] } },
      attributes: [{ key: "attempt", value: { intValue: "2" } }],
    },
    { timeUnixNano: at(3), traceId: "ab".repeat(16), body: { stringValue: "of another trace" } },
    { timeUnixNano: at(4), body: { stringValue: "of no trace" } },
  ];
  const request = { resourceLogs: [{ scopeLogs: [{ logRecords }] }] };
  await traces.insertOtlp("logs", Buffer.from(JSON.stringify(request)), "json");
  expect(await readLogs(traceId)).toEqual({
    logs: [
      {
        at: startMs + 2,
        spanId,
        service: "unknown_service",
        severity: "warning",
        eventName: "retry",
        body: '{"kvlistValue":{"values":[{"key":"n","value":{"intValue":"1"}}]}}',
        attributes: { attempt: "2" },
      },
      {
        at: startMs + 9,
        spanId: "",
        service: "unknown_service",
        severity: "ERROR",
        eventName: "",
        body: "x".repeat(2_000),
        attributes: {},
      },
    ],
    truncated: false,
  });
});

test("of a trace with very many logs the first ones come", async () => {
  const [root] = loopTrace({ route: "/chatty", queries: 0, kind: 5 });
  await traces.insert([root!]);
  const logRecords = Array.from({ length: 501 }, (_, i) => ({
    timeUnixNano: `${root!.startMs + i}000000`,
    traceId: root!.traceId,
    body: { stringValue: String(i) },
  }));
  const request = { resourceLogs: [{ scopeLogs: [{ logRecords }] }] };
  await traces.insertOtlp("logs", Buffer.from(JSON.stringify(request)), "json");
  const { logs, truncated } = await readLogs(root!.traceId);
  expect([logs.length, logs.at(-1).body, truncated]).toEqual([500, "499", true]);
});
