import { once } from "node:events";
import { constants, createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHttp2Sender, type Http2Sender } from "./http2-sender.ts";
import { moduleSystems, runLibrary } from "./run-library.ts";
import { startThingsServer, type ThingsServer } from "./things-server.ts";

/** It comes with Node, so that one set is enough; of the frameworks on top of it one. */
const set = "newest";

describe("servers of node:http2", () => {
  let things: ThingsServer;
  let sender: Http2Sender;

  beforeAll(async () => {
    things = await startThingsServer();
  });
  beforeEach(() => {
    sender = createHttp2Sender();
  });
  afterEach(() => sender.close());
  afterAll(() => things.stop());

  const servers = [
    ["requests and responses", "http2-server", { STYLE: "compat" }, ""],
    ["streams", "http2-server", { STYLE: "stream" }, ""],
    ["fastify", "fastify", { HTTP2: "on" }, " /items/:id"],
  ] as const;

  describe.each(servers)("%s", (_style, library, settings, route) => {
    it.each(moduleSystems)("keep the requests of one connection apart, as %s", async (modules) => {
      const { send } = sender;
      const env = { SERVER_URL: things.url, ...settings };
      const run = await runLibrary({ library, set, modules, env, send, isFramework: true });
      for (const [i, { server, calls }] of run.items.entries()) {
        expect(server).toMatchObject({
          name: `GET${route}`,
          kind: 2,
          parentSpanId: "",
          isError: false,
        });
        expect(server.attributes).toMatchObject({
          "http.request.method": "GET",
          "http.response.status_code": 200,
          "http.response.body.size": expect.any(Number),
          "network.protocol.version": "2",
          "server.address": "127.0.0.1",
          "url.scheme": "http",
          "client.address": "127.0.0.1",
        });
        expect(server.attributes).not.toHaveProperty("culprit.aborted");
        expect(calls).toMatchObject([{ kind: 3, parentSpanId: server.spanId }]);
        expect(calls[0]?.attributes["url.full"]).toBe(`${things.url}/things/${i + 1}`);
      }
      const { ordered, failed } = run;
      expect(ordered?.server.attributes).toMatchObject({ "http.request.body.size": 14 });
      expect(ordered?.calls).toMatchObject([{ kind: 3, parentSpanId: ordered?.server.spanId }]);
      expect(failed.server).toMatchObject({ isError: true });
      expect(failed.server.attributes).toMatchObject({
        "http.response.status_code": 500,
        "error.type": "500",
      });
    });
  });
});

describe("clients of node:http2", () => {
  let server: Http2Server;
  let port: number;
  const parents: string[] = [];

  beforeAll(async () => {
    server = createServer();
    server.on("stream", (stream: ServerHttp2Stream, headers) => {
      parents.push(String(headers.traceparent));
      stream.on("error", () => undefined);
      if (headers[":path"] === "/broken") return stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      stream.respond({ ":status": 200, "content-length": 5 });
      stream.end("thing");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => server.close());

  it.each(moduleSystems)(
    "have each call in its own request, with evidence, as %s",
    async (modules) => {
      const env = { SERVER_URL: `http://127.0.0.1:${port}` };
      const run = await runLibrary({ library: "http2-client", set, modules, env });
      for (const [i, { server: request, calls }] of run.items.entries()) {
        expect(calls).toMatchObject([
          { name: "GET", kind: 3, parentSpanId: request.spanId, isError: false },
        ]);
        const [call] = calls;
        expect(call?.attributes).toMatchObject({
          "http.request.method": "GET",
          "http.response.status_code": 200,
          "http.response.body.size": 5,
          "network.protocol.version": "2",
          "server.address": "127.0.0.1",
          "server.port": port,
          "culprit.connection.reused": true,
          "culprit.params_hash": expect.stringMatching(/^[0-9a-f]{16}$/),
          ...run.callSite,
        });
        expect(call?.attributes["url.full"]).toBe(
          `http://127.0.0.1:${port}/things/${i + 1}?secret=REDACTED`,
        );
        expect(parents).toContain(`00-${request.traceId}-${call?.spanId}-01`);
      }
      expect(run.failed.calls).toMatchObject([
        { isError: true, attributes: { "error.type": "ENHANCE_YOUR_CALM" } },
      ]);
    },
  );
});
