import type { OutgoingHttpHeaders } from "node:http2";
import { request as requestHttps } from "node:https";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCertificate } from "../support/certificates.ts";
import type { DecodedSpan } from "../support/decode-otlp.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { createHttp2Sender, type Http2Answer } from "./http2-sender.ts";
import { startApp } from "./run-library.ts";
import { startThingsServer, type ThingsServer } from "./things-server.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";

let things: ThingsServer;

beforeAll(async () => {
  things = await startThingsServer();
});

afterAll(() => things.stop());

const order = JSON.stringify({ id: "order" });
const json = { "content-type": "application/json" };
const requests: readonly (readonly [OutgoingHttpHeaders, string?])[] = [
  ...Array.from({ length: 20 }, (_, i) => [{ ":path": `/items/${i}?q=${i}` }] as const),
  [{ ":path": "/items/a", traceparent: "00-zz-01", baggage: "%%%=;;," }],
  [{ ":path": "/orders", ":method": "POST", ...json }, order],
  [{ ":path": "/orders", ":method": "POST", ...json }, "{]}"],
  [{ ":path": "/items/1", ":method": "HEAD" }],
  [{ ":path": "/fail" }],
];

/** All at once on one connection, without dates. */
async function answersOf(port: number): Promise<readonly Http2Answer[]> {
  const { exchange, close } = createHttp2Sender();
  const origin = `http://127.0.0.1:${port}`;
  const answers = await Promise.all(requests.map((it) => exchange(origin, ...it)));
  close();
  return answers.map(({ headers, body }) => ({ headers: { ...headers, date: "" }, body }));
}

const apps = [
  ["requests and responses", "http2-server", { STYLE: "compat" }],
  ["streams", "http2-server", { STYLE: "stream" }],
  ["fastify", "fastify", { HTTP2: "on" }],
] as const;

describe.each(apps)("%s", (_name, library, settings) => {
  const options = { library, set: "newest", modules: "CommonJS" } as const;

  it("answer the same as without the agent, also after a request was given up", async () => {
    const env = { SERVER_URL: things.url, ...settings };
    const bare = await startApp({ ...options, env, collectorUrl: undefined });
    const expected = await answersOf(bare.port).finally(() => bare.stop());
    expect(expected.filter(({ headers }) => Number(headers[":status"]) === 200)).toHaveLength(23);

    const sink = await startOtlpSink();
    const app = await startApp({ ...options, env, collectorUrl: sink.url });
    const { sessionOf, close } = createHttp2Sender();
    try {
      expect(await answersOf(app.port)).toEqual(expected);
      const reached = things.nextSlow();
      const given = sessionOf(`http://127.0.0.1:${app.port}`).request({ ":path": "/items/slow" });
      await reached;
      given.close();
      const isGivenUp = ({ attributes }: DecodedSpan) =>
        attributes["url.path"] === "/items/slow" && attributes["culprit.aborted"] === true;
      await sink.waitFor((spans) => spans.some(isGivenUp));
      expect(await answersOf(app.port)).toEqual(expected);
      expect(app.output()).not.toContain("CulpritWarning");
    } finally {
      close();
      await app.stop();
      await sink.stop();
    }
  });
});

describe("over TLS", () => {
  it("continues the caller's trace, over HTTP/2 and over HTTP/1.1 on the same port", async () => {
    const { key, cert } = createCertificate("localhost");
    const sink = await startOtlpSink();
    const app = await startApp({
      library: "http2-server",
      set: "newest",
      modules: "CommonJS",
      env: { SERVER_URL: things.url, STYLE: "compat", TLS_KEY: key, TLS_CERT: cert },
      collectorUrl: sink.url,
    });
    const { exchange, close } = createHttp2Sender({ ca: cert });
    try {
      const traceparent = `00-${traceId}-${parentId}-01`;
      await exchange(`https://127.0.0.1:${app.port}`, { ":path": "/items/two", traceparent });
      const url = `https://127.0.0.1:${app.port}/items/one`;
      await new Promise((resolve, reject) => {
        const options = { ca: cert, headers: { traceparent }, agent: false };
        requestHttps(url, options, (answer) => resolve(text(answer)))
          .on("error", reject)
          .end();
      });
      const servers = (spans: readonly DecodedSpan[]) => spans.filter(({ kind }) => kind === 2);
      await sink.waitFor((spans) => servers(spans).length === 2);
      const byPath = Object.fromEntries(
        servers(sink.spans).map((span) => [span.attributes["url.path"], span]),
      );
      for (const [path, version] of [
        ["/items/two", "2"],
        ["/items/one", "1.1"],
      ] as const) {
        expect(byPath[path]).toMatchObject({ traceId, parentSpanId: parentId });
        expect(byPath[path]?.attributes).toMatchObject({
          "network.protocol.version": version,
          "url.scheme": "https",
          "client.address": "127.0.0.1",
        });
      }
    } finally {
      close();
      await app.stop();
      await sink.stop();
    }
  });
});
