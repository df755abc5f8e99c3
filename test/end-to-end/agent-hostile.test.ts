import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { rawGet as line, talk } from "../support/raw-http.ts";
import { startTracedApp, type TracedApp } from "../support/traced-app.ts";

let app: TracedApp | undefined;

afterEach(async () => {
  await app?.stop();
  app = undefined;
});

interface Collector {
  readonly url: string;
  /** Settles with the first request that has reached it. */
  readonly reached: Promise<unknown>;
  stop(): void;
}

/** Answers every request as `answer` does. */
async function startCollector(answer: (response: ServerResponse) => void): Promise<Collector> {
  const server = createServer((request, response) => {
    request.resume().once("end", () => answer(response));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reached: once(server, "request"),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Takes connections and never answers. */
async function startSilent(): Promise<Collector> {
  const server = createTcpServer((socket) => socket.on("error", () => undefined));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const reached = once(server, "connection");
  return { url: `http://127.0.0.1:${port}`, reached, stop: () => server.close() };
}

const megabyte = Buffer.alloc(2 ** 20, "x");

/** Without end, as long as somebody reads. */
function flood(response: ServerResponse): void {
  const write = () => {
    while (!response.destroyed && response.write(megabyte));
  };
  response.on("drain", write).on("error", () => undefined);
  write();
}

const collectors: Readonly<Record<string, () => Promise<Collector>>> = {
  "is absent": async () => ({
    url: "http://127.0.0.1:1",
    reached: Promise.resolve(),
    stop: () => undefined,
  }),
  "never answers": startSilent,
  "is slow": () => startCollector((response) => void setTimeout(() => response.end(), 3_000)),
  "answers garbage": () => startCollector((response) => response.end("\u0000\u0001<garbage>")),
  "answers a gigabyte": () => startCollector(flood),
  "asks for three years": () =>
    startCollector((response) => {
      response.writeHead(503, { "Retry-After": "99999999" }).end();
    }),
  "breaks the connection": () => startCollector((response) => response.destroy()),
};

/** Undefined: without the agent. */
async function startEcho(collectorUrl: string | undefined): Promise<number> {
  // At its end it waits for some of these collectors, and none of them takes what is left.
  const env = { OTEL_BSP_SCHEDULE_DELAY: "10", CULPRIT_FLUSH_TIMEOUT_MS: "2000" };
  app = await startTracedApp("echo.cjs", { collectorUrl, env });
  return app.port;
}

const post = (body: string) =>
  `POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const chunked =
  "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";

/** All on one connection, written at once: pipelined, kept alive, with headers that make no sense. */
const conversation = [
  ...Array.from({ length: 20 }, (_, i) => line(`/page/${i}?q=${i}`, `X-Order: ${i}`)),
  line(
    "/a",
    "traceparent: 00-zz-01",
    "tracestate: ,,=;",
    "baggage: %%%=;;,",
    "x-request-start: soon",
  ),
  line("/b", `traceparent: ${"0".repeat(5_000)}`, `baggage: ${"a=b,".repeat(2_000)}c=d`),
  post("x".repeat(10_000)),
  chunked,
  line("/chunks"),
  line("/fail"),
  line("/self"),
  line("/fetch"),
  line("/last", "Connection: close"),
].join("");

/** A conversation, an upgrade, and a hundred of the first at once. */
async function answersOf(port: number): Promise<readonly string[]> {
  const upgrade = line("/", "Connection: Upgrade", "Upgrade: echo");
  return [
    await talk(port, conversation),
    await talk(port, `${upgrade}hello, bye`),
    ...(await Promise.all(Array.from({ length: 20 }, () => talk(port, conversation)))),
  ];
}

async function answersWithout(): Promise<readonly string[]> {
  const answers = await answersOf(await startEcho(undefined));
  await app?.stop();
  return answers;
}

describe("answers of the application are the same, byte by byte, when the collector", () => {
  it.each(Object.keys(collectors))("%s", async (name) => {
    const expected = await answersWithout();
    const collector = await collectors[name]!();
    const port = await startEcho(collector.url);
    expect(await answersOf(port)).toEqual(expected);
    await collector.reached;
    expect(await answersOf(port)).toEqual(expected);
    expect(await app!.stop()).toBe("SIGTERM");
    collector.stop();
  });

  it("is killed while it takes spans", async () => {
    const expected = await answersWithout();
    const collector = await startCollector((response) => response.end());
    const port = await startEcho(collector.url);
    expect(await answersOf(port)).toEqual(expected);
    await collector.reached;
    collector.stop();
    expect(await answersOf(port)).toEqual(expected);
    expect(await app!.stop()).toBe("SIGTERM");
  });
});
