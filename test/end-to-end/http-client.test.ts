import { once } from "node:events";
import { createServer as createHttp, type RequestListener, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createCertificate } from "../support/certificates.ts";
import type { DecodedSpan } from "../support/decode-otlp.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { startTracedApp, type TracedApp } from "../support/traced-app.ts";

const parents: string[] = [];
let servers: readonly Server[] = [];
let sink: OtlpSink;
let app: TracedApp;

const answer: RequestListener = (request, response) => {
  parents.push(String(request.headers.traceparent));
  request.resume().once("end", () => response.writeHead(404).end("thing"));
};

const portOf = (server: Server) => `${(server.address() as AddressInfo).port}`;

beforeAll(async () => {
  const { key, cert } = createCertificate("localhost");
  const [plain, secure] = [createHttp(answer), createHttps({ key, cert }, answer)];
  servers = [plain, secure];
  for (const server of servers) await once(server.listen(0), "listening");
  sink = await startOtlpSink();
  app = await startTracedApp("http-caller.cjs", {
    collectorUrl: sink.url,
    env: {
      HTTP_PORT: portOf(plain),
      HTTPS_PORT: portOf(secure),
      CA: cert,
      CULPRIT_EVENT_LOOP_BLOCK_MS: "0",
    },
  });
});

afterAll(async () => {
  await app?.stop();
  await sink?.stop();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

it.each(["http", "https"])(
  "a call by node:%s says what its new connection took, or that it had one",
  async (scheme) => {
    await app.get(`/${scheme}`);
    const isServer = ({ kind, attributes }: DecodedSpan) =>
      kind === 2 && attributes["url.path"] === `/${scheme}`;
    await sink.waitFor((spans) => spans.some(isServer));
    const server = sink.spans.find(isServer)!;
    const calls = sink.spans.filter(
      ({ kind, traceId }) => kind === 3 && traceId === server.traceId,
    );
    const [first, second] = calls.map(({ attributes }) => attributes);
    for (const call of calls) {
      expect(call).toMatchObject({ name: "POST", parentSpanId: server.spanId, isError: true });
      expect(call.attributes).toMatchObject({
        "url.full": `${scheme}://localhost:${portOf(servers[scheme === "http" ? 0 : 1]!)}/things`,
        "server.address": "localhost",
        "http.response.status_code": 404,
        "error.type": "404",
        "http.request.body.size": 5,
        "network.protocol.version": "1.1",
      });
      expect(parents).toContain(`00-${call.traceId}-${call.spanId}-01`);
    }
    expect(calls).toHaveLength(2);
    const timings = [
      "dns_ms",
      "tcp_ms",
      "first_byte_ms",
      ...(scheme === "https" ? ["tls_ms"] : []),
    ];
    expect(first?.["culprit.connection.reused"]).toBe(false);
    for (const name of timings) expect(first?.[`culprit.http.${name}`]).toBeGreaterThanOrEqual(0);
    expect(second?.["culprit.connection.reused"]).toBe(true);
    const told = Object.keys(second ?? {}).filter((name) => name.startsWith("culprit.http."));
    expect(told).toEqual([]);
  },
);
