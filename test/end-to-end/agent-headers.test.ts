import { afterEach, beforeEach, expect, it } from "vitest";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { startTracedApp, type TracedApp } from "../support/traced-app.ts";

let sink: OtlpSink;
let app: TracedApp;

beforeEach(async () => {
  sink = await startOtlpSink();
});
afterEach(async () => {
  await app?.stop();
  await sink.stop();
});

async function headersOfRequest(env: Record<string, string>) {
  app = await startTracedApp("profiled.cjs", { collectorUrl: sink.url, env });
  await app.get("/wait/1", { "x-tenant": "a", authorization: "Bearer private" });
  await sink.waitFor((spans) => spans.some(({ kind }) => kind === 2));
  expect(sink.bodies.join()).not.toContain("private");
  const { attributes } = sink.spans.find(({ kind }) => kind === 2)!;
  return Object.entries(attributes).filter(([name]) => name.startsWith("http.request.header."));
}

it.each([
  ["the fast path", ""],
  ["the SDK's path", "off"],
])("headers that are asked for are on the server span, without secrets: %s", async (_, path) => {
  const names = "X-Tenant, authorization, x-none";
  const env = { OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST: names };
  expect(await headersOfRequest({ ...env, CULPRIT_FAST_PATH: path })).toEqual([
    ["http.request.header.x-tenant", "a"],
    ["http.request.header.authorization", "REDACTED"],
  ]);
});

it("no header is on the server span unless it is asked for", async () => {
  expect(await headersOfRequest({})).toEqual([]);
});
