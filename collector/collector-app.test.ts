import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Router } from "express";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type CollectorAppOptions, createCollectorApp } from "./collector-app.ts";

const folder = mkdtempSync(join(tmpdir(), "culprit-web-"));
let server: Server | undefined;
let notReady: string | undefined;

beforeAll(() => {
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), "<h1>Culprit</h1>");
  writeFileSync(join(folder, "favicon.svg"), "<svg/>");
  writeFileSync(join(folder, "assets/index-1a2b.js"), "1;");
});

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
  notReady = undefined;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function listen(different: Partial<CollectorAppOptions> = {}): Promise<number> {
  const app = createCollectorApp({
    receiver: Router().post("/v1/traces", (_request, response) => void response.send("received")),
    api: Router().get("/findings", (_request, response) => void response.json({ findings: [] })),
    readGuard: undefined,
    metrics: (_request, response) => response.end("culprit_up 1\n"),
    notReady: () => notReady,
    webFolder: folder,
    hostsAllowed: new Set(["127.0.0.1", "localhost", "[::1]"]),
    ...different,
  });
  server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** As it is sent: `fetch` would choose the host and tidy the path. */
async function send(
  port: number,
  path: string,
  {
    method = "GET",
    host = `127.0.0.1:${port}`,
    type = "text/plain",
  }: { method?: string; host?: string; type?: string } = {},
) {
  const headers = { host, "content-type": type };
  const sent = request({ port, host: "127.0.0.1", path, method, headers });
  const answered = once(sent, "response");
  sent.end();
  const [response] = await answered;
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return {
    status: response.statusCode as number,
    headers: response.headers as Record<string, string>,
    text: Buffer.concat(parts).toString(),
  };
}

test.each([
  ["GET", "/healthz", "ok\n"],
  ["GET", "/readyz", "ok\n"],
  ["GET", "/metrics", "culprit_up 1\n"],
  ["POST", "/v1/traces", "received"],
  ["GET", "/api/v1/findings", '{"findings":[]}'],
  ["GET", "/", "<h1>Culprit</h1>"],
  ["GET", "/findings/12", "<h1>Culprit</h1>"],
  ["GET", "/favicon.svg", "<svg/>"],
  ["GET", "/assets/index-1a2b.js", "1;"],
])("%s %s is answered by its part", async (method, path, text) => {
  const answer = await send(await listen(), path, { method });
  expect(answer).toMatchObject({ status: 200, text });
});

test("until it is ready, traffic is kept away, but the process lives", async () => {
  notReady = "the database is starting";
  const port = await listen();
  expect(await send(port, "/readyz")).toMatchObject({
    status: 503,
    text: "the database is starting\n",
  });
  expect((await send(port, "/healthz")).status).toBe(200);
});

test.each(["evil.example", "127.0.0.1.evil.example:4318", "localhost.evil.example"])(
  "on loopback, a page that calls itself %j is refused everything",
  async (host) => {
    const port = await listen();
    for (const path of ["/", "/api/v1/findings", "/metrics"]) {
      const { status, text } = await send(port, path, { host });
      expect(status).toBe(403);
      expect(JSON.parse(text).error.code).toBe("HOST_NOT_ALLOWED");
    }
  },
);

describe.each([
  ["application/json", (code: number) => `{"code":${code},`],
  ["application/x-protobuf", (code: number) => `\b${String.fromCharCode(code)}\x12`],
])("below /v1, where %s is sent, a refusal is a Status of it", (type, startOf) => {
  test.each([
    ["a foreign host", "/v1/traces", "evil.example", 403, 7],
    ["an unknown path", "/v1/nothing", "localhost", 404, 12],
  ])("for %s", async (_, path, host, status, code) => {
    const answer = await send(await listen(), path, { method: "POST", host, type });
    expect(answer).toMatchObject({ status, headers: { "content-type": type } });
    expect(answer.text).toSatisfy((text: string) => text.startsWith(startOf(code)));
  });
});

test("a request that names no host is refused", async () => {
  const socket = connect(await listen(), "127.0.0.1");
  socket.end("GET / HTTP/1.0\r\n\r\n");
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part);
  expect(Buffer.concat(parts).toString()).toMatch(/^HTTP\/1.1 403 /);
});

test.each(["localhost:4318", "LocalHost", "[::1]:4318", "127.0.0.1"])(
  "host %s is served",
  async (host) => {
    expect((await send(await listen(), "/", { host })).status).toBe(200);
  },
);

test("elsewhere any host is served", async () => {
  const port = await listen({ hostsAllowed: undefined });
  expect((await send(port, "/", { host: "culprit.example" })).status).toBe(200);
});

test("pages run only our own scripts, and stay out of other pages", async () => {
  const { headers } = await send(await listen(), "/traces/12");
  expect(headers["content-security-policy"]).toContain("default-src 'self'");
  expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(headers["referrer-policy"]).toBe("no-referrer");
  expect(headers).not.toHaveProperty("x-powered-by");
});

test("what has a hash in its name is cached for good, pages are asked for again", async () => {
  const port = await listen();
  expect((await send(port, "/assets/index-1a2b.js")).headers["cache-control"]).toContain(
    "immutable",
  );
  expect((await send(port, "/findings")).headers["cache-control"]).toBe("no-cache");
  expect((await send(port, "/assets/gone.js")).status).toBe(404);
});

test.each([
  ["GET", "/api/v2/findings"],
  ["GET", "/api/v1/nothing"],
  ["POST", "/"],
  ["DELETE", "/findings"],
])("%s %s is answered with our error, and no page", async (method, path) => {
  const { status, headers, text } = await send(await listen(), path, { method });
  expect(status).toBe(404);
  expect(headers["content-type"]).toContain("application/json");
  expect(JSON.parse(text).error).toEqual({
    code: "NOT_FOUND",
    message: `nothing answers ${method} ${path}`,
  });
});

test.each(["/../../etc/passwd", "/assets/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd"])(
  "%s leads out of nowhere",
  async (path) => {
    expect((await send(await listen(), path)).text).not.toContain("root:");
  },
);

test("a path that can't be decoded is a bad request without a stack", async () => {
  const { status, text } = await send(await listen(), "/%E0%A4%A");
  expect(status).toBe(400);
  expect(JSON.parse(text).error.code).toBe("BAD_PARAMETER");
});

test("without a built UI there is a sentence, and the API answers", async () => {
  const port = await listen({ webFolder: join(folder, "not-built") });
  const { status, text } = await send(port, "/");
  expect(status).toBe(404);
  expect(JSON.parse(text).error.message).toContain("npm run build");
  expect(text).not.toContain(folder);
  expect((await send(port, "/api/v1/findings")).status).toBe(200);
});
