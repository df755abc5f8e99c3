import { once } from "node:events";
import { Agent, createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../test/support/until.ts";
import { OtlpSender } from "./otlp-sender.ts";

let server: Server;
let received: string[];
/** How the collector answers; replaced by a test. */
let answer: (response: ServerResponse) => void;
const agent = new Agent({ keepAlive: true });

beforeEach(async () => {
  received = [];
  answer = (response) => response.end();
  server = createServer(async (request, response) => {
    received.push(gunzipSync(await buffer(request)).toString());
    answer(response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterEach(() => {
  agent.destroy();
  server.closeAllConnections();
  server.close();
});

function createSender(queueBytesMax = 1_000): OtlpSender {
  const target = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    timeoutMillis: 60_000,
    compression: "gzip" as const,
    headers: async () => ({}),
    agentFactory: () => agent,
  };
  return new OtlpSender(target, {
    queueBytesMax,
    onDrop: () => undefined,
    onWarning: () => undefined,
  });
}

const toBatch = (text: string) => ({ body: Buffer.from(text), spans: 1 });
const withStatus = (status: number) => (response: ServerResponse) => {
  response.writeHead(status).end();
};

describe("OTLP sender", () => {
  it("sends batches one after the other, in order", async () => {
    const sender = createSender();
    let underWay = 0;
    answer = async (response) => {
      underWay += 1;
      expect(underWay).toBe(1);
      await new Promise(setImmediate);
      underWay -= 1;
      response.end();
    };
    for (const text of ["a", "b", "c"]) sender.enqueue(toBatch(text));
    await until(() => received.length >= 3);
    expect(received).toEqual(["a", "b", "c"]);
  });

  it("in a flush sends several at once, when one was taken", async () => {
    const sender = createSender();
    const open: ServerResponse[] = [];
    answer = (response) => {
      open.push(response);
      // The first is answered at once, the others only when all of them are there.
      if (open.length === 1 || open.length === 4) for (const each of open) each.end();
    };
    for (const text of ["a", "b", "c", "d"]) sender.enqueue(toBatch(text));
    expect(await sender.flush()).toBe(true);
    expect(received.toSorted()).toEqual(["a", "b", "c", "d"]);
  });

  it("flush is done at once when nothing waits", async () => {
    expect(await createSender().flush()).toBe(true);
    expect(received).toEqual([]);
  });

  it.each([429, 502, 503, 504])(
    "keeps the batch that is answered with %i, and its place",
    async (status) => {
      const sender = createSender();
      answer = withStatus(status);
      sender.enqueue(toBatch("a"));
      sender.enqueue(toBatch("b"));
      expect(await sender.flush()).toBe(false);
      answer = withStatus(200);
      expect(await sender.flush()).toBe(true);
      expect(received).toEqual(["a", "a", "b"]);
    },
  );

  it("drops the batch that is refused for good, and goes on", async () => {
    const sender = createSender();
    answer = withStatus(400);
    sender.enqueue(toBatch("a"));
    sender.enqueue(toBatch("b"));
    expect(await sender.flush()).toBe(true);
    expect(received).toEqual(["a", "b"]);
  });

  it("keeps the newest batches up to its limit while the collector is down", async () => {
    const sender = createSender(10);
    answer = withStatus(503);
    for (const text of ["1111", "2222", "3333", "4444"]) sender.enqueue(toBatch(text));
    expect(await sender.flush()).toBe(false);
    answer = withStatus(200);
    received = [];
    expect(await sender.flush()).toBe(true);
    expect(received).toEqual(["3333", "4444"]);
  });

  it("keeps its batches when the connection breaks", async () => {
    const sender = createSender();
    answer = (response) => response.destroy();
    sender.enqueue(toBatch("a"));
    expect(await sender.flush()).toBe(false);
    answer = withStatus(200);
    expect(await sender.flush()).toBe(true);
  });
});
