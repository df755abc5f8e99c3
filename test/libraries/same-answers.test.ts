import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { rawGet, talk } from "../support/raw-http.ts";
import { frameworks } from "./frameworks.ts";
import { librarySets, startApp } from "./run-library.ts";
import { startThingsServer, type ThingsServer } from "./things-server.ts";

const type = "Content-Type: application/json";

const post = (...lines: readonly string[]) =>
  ["POST /orders HTTP/1.1", "Host: h", type, ...lines].join("\r\n");
const order = '{"id":"order"}';

/** All on one connection, written at once: pipelined and kept alive, right, wrong and unknown requests. */
const conversation = [
  ...Array.from({ length: 10 }, (_, i) => rawGet(`/items/${i}?q=${i}`)),
  post(`Content-Length: ${order.length}`, "", order),
  post("Transfer-Encoding: chunked", "", "7", order.slice(0, 7), "7", order.slice(7), "0", "", ""),
  rawGet("/fail"),
  rawGet("/nowhere"),
  rawGet("/items/a%20b", "traceparent: 00-zz-01", "baggage: %%%=;;,"),
  "HEAD /items/1 HTTP/1.1\r\nHost: h\r\n\r\n",
  "OPTIONS /items/1 HTTP/1.1\r\nHost: h\r\n\r\n",
  "DELETE /items/1 HTTP/1.1\r\nHost: h\r\n\r\n",
  // Some close the connection after it.
  post("Content-Length: 3", "", "{]}"),
  rawGet("/items/last", "Connection: close"),
].join("");

async function answersOf(port: number): Promise<readonly string[]> {
  return Promise.all(Array.from({ length: 10 }, () => talk(port, conversation)));
}

let things: ThingsServer;

beforeAll(async () => {
  things = await startThingsServer();
});

afterAll(() => things.stop());

describe.each(frameworks)("%s", (_name, library, _route, settings) => {
  it.each(librarySets)("%s answers the same, byte by byte, as without the agent", async (set) => {
    const env = { SERVER_URL: things.url, ...settings };
    const options = { library, set, modules: "CommonJS", env } as const;
    const bare = await startApp({ ...options, collectorUrl: undefined });
    const expected = await answersOf(bare.port).finally(() => bare.stop());
    expect(expected[0]?.match(/HTTP\/1\.1 200/g)?.length).toBeGreaterThan(10);

    const sink = await startOtlpSink();
    const app = await startApp({ ...options, collectorUrl: sink.url });
    try {
      expect(await answersOf(app.port)).toEqual(expected);
      const socket = connect(app.port, "127.0.0.1");
      const reached = things.nextSlow();
      socket.write(rawGet("/items/slow"));
      await reached;
      socket.destroy();
      await once(socket, "close");
      await sink.waitFor((spans) =>
        spans.some(
          ({ attributes }) =>
            attributes["url.path"] === "/items/slow" && attributes["culprit.aborted"] === true,
        ),
      );
      expect(await answersOf(app.port)).toEqual(expected);
      expect(app.output()).not.toContain("Warning");
    } finally {
      await app.stop();
      await sink.stop();
    }
  });
});
