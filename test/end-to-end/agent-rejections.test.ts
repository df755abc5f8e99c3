import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { startTracedApp, type TracedApp } from "../support/traced-app.ts";

/**
 * With `--unhandled-rejections=strict` a promise of ours that nobody handles would end the process. So whatever a
 * collector does, the application must still be there, and answer.
 */
let app: TracedApp | undefined;

afterEach(async () => {
  await app?.stop();
  app = undefined;
});

const flags = ["--unhandled-rejections=strict"];
const crlf = "\r\n";
const head = (status: string, ...headers: readonly string[]) =>
  [`HTTP/1.1 ${status}`, ...headers, "", ""].join(crlf);

/** What a collector answers to the first bytes of each request. */
const answers: Readonly<Record<string, (socket: Socket) => void>> = {
  "ends the connection": (socket) => socket.end(),
  "resets the connection": (socket) => socket.resetAndDestroy(),
  "speaks another protocol": (socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n"),
  "answers with a header without end": (socket) =>
    socket.write(`${head("200 OK").slice(0, -2)}X: ${"x".repeat(100_000)}`),
  "promises more than it sends": (socket) => socket.end(head("200 OK", "Content-Length: 100")),
  "sends more than it promised": (socket) =>
    socket.end(`${head("200 OK", "Content-Length: 1")}more`),
  "ends in the middle of a chunk": (socket) =>
    socket.end(`${head("200 OK", "Transfer-Encoding: chunked")}ff\r\nonly`),
  "sends chunks that are none": (socket) =>
    socket.end(`${head("200 OK", "Transfer-Encoding: chunked")}zz\r\nx\r\n`),
  "says that its answer is compressed, and it is not": (socket) =>
    socket.end(`${head("200 OK", "Content-Encoding: gzip", "Content-Length: 2")}no`),
  "sends it elsewhere": (socket) =>
    socket.end(
      head("307 Temporary Redirect", "Location: http://127.0.0.1:1/", "Content-Length: 0"),
    ),
  "upgrades to something else": (socket) =>
    socket.end(head("101 Switching Protocols", "Upgrade: x", "Connection: Upgrade")),
  "goes on and on": (socket) => socket.write(head("100 Continue").repeat(100)),
  "refuses for now, until no time": (socket) =>
    socket.end(head("503 Busy", "Retry-After: never", "Content-Length: 0")),
  "refuses for now, until yesterday": (socket) =>
    socket.end(head("429 Too Many", "Retry-After: -86400", "Content-Length: 0")),
  "refuses for good": (socket) => socket.end(head("400 Bad Request", "Content-Length: 0")),
  fails: (socket) => socket.end(head("500 Error", "Content-Length: 0")),
  "has a status that is none": (socket) => socket.end(head("999 What", "Content-Length: 0")),
};

/** One collector that does all of it, connection by connection. */
async function startMisbehaving() {
  const behaviours = Object.values(answers);
  let connections = 0;
  const done = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    const behave = behaviours[connections % behaviours.length]!;
    connections += 1;
    if (connections >= behaviours.length * 2) done.resolve();
    socket.on("error", () => undefined).once("data", () => behave(socket));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Each behaviour was met twice. */
    done: done.promise,
    stop: () => server.close(),
  };
}

/** Whichever way spans and metrics leave. */
const paths: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "the fast path": {},
  "OpenTelemetry's SDK": { CULPRIT_FAST_PATH: "off" },
};

describe.each(Object.keys(paths))("on %s", (path) => {
  it("no promise of the agent is rejected without somebody who handles it, whatever the collector does", async () => {
    const collector = await startMisbehaving();
    app = await startTracedApp("echo.cjs", {
      collectorUrl: collector.url,
      flags,
      env: {
        CULPRIT_FLUSH_TIMEOUT_MS: "2000",
        OTEL_EXPORTER_OTLP_TIMEOUT: "300",
        OTEL_METRICS_EXPORTER: "otlp",
        OTEL_METRIC_EXPORT_INTERVAL: "350",
        OTEL_METRIC_EXPORT_TIMEOUT: "300",
        OTEL_BSP_SCHEDULE_DELAY: "20",
        ...paths[path],
      },
    });
    const { url } = app;
    const get = async (n: number) => (await fetch(`${url}/page/${n}`)).text();
    let isDone = false;
    void collector.done.then(() => {
      isDone = true;
    });
    for (let n = 0; !isDone; n += 1) expect(await get(n)).toBe(`GET /page/${n} `);
    expect(await app.stop()).toBe("SIGTERM");
    expect(app.output()).not.toMatch(/UnhandledPromiseRejection|triggerUncaughtException/);
    collector.stop();
  });
});

it("where Node may start no thread the application runs, and one line says what is missing", async () => {
  app = await startTracedApp("echo.cjs", {
    collectorUrl: "http://127.0.0.1:1",
    flags: ["--permission", "--allow-fs-read=*", ...flags],
    env: { OTEL_BSP_SCHEDULE_DELAY: "10", CULPRIT_FLUSH_TIMEOUT_MS: "2000" },
  });
  const { url } = app;
  const get = async () => (await fetch(`${url}/page/1`)).text();
  for (let n = 0; n < 20; n += 1) expect(await get()).toBe("GET /page/1 ");
  await app.waitFor(/CulpritWarning: .*thread/);
  expect(await get()).toBe("GET /page/1 ");
  expect(await app.stop()).toBe("SIGTERM");
  expect(app.output().match(/CulpritWarning/g)).toHaveLength(1);
});
