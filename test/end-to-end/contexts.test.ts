import { once } from "node:events";
import { Agent, get } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startThingsServer, type ThingsServer } from "../libraries/things-server.ts";
import type { DecodedSpan } from "../support/decode-otlp.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import { rawGet } from "../support/raw-http.ts";
import { startTracedApp, type TracedApp } from "../support/traced-app.ts";

const ids = Array.from({ length: 100 }, (_, i) => i + 1);
let postgres: Postgres;
let things: ThingsServer;
let sink: OtlpSink;
let app: TracedApp;

beforeAll(async () => {
  [postgres, things] = await Promise.all([startPostgres(), startThingsServer()]);
});

afterAll(async () => {
  things?.stop();
  await postgres?.stop();
});

beforeEach(async () => {
  sink = await startOtlpSink();
  app = await startTracedApp("contexts.cjs", {
    collectorUrl: sink.url,
    env: {
      DATABASE_URL: postgres.url(),
      THINGS_URL: things.url,
      CULPRIT_EVENT_LOOP_BLOCK_MS: "0",
    },
  });
});

afterEach(async () => {
  await app?.stop();
  await sink.stop();
});

const isServer = ({ kind }: DecodedSpan) => kind === 2;
const callOf = (name: string) =>
  sink.spans.find(({ attributes }) => attributes["url.full"] === `${things.url}/things/${name}`);

/** Each request has its own two queries, which are told from others' by their rows, and its own call, and nothing else. */
async function expectOwnContexts(expected: readonly number[]): Promise<void> {
  await sink.waitFor((spans) => spans.filter(isServer).length === expected.length);
  const servers = sink.spans.filter(isServer);
  const paths = servers.map(({ attributes }) => attributes["url.path"]);
  expect(new Set(paths)).toEqual(new Set(expected.map((id) => `/work/${id}`)));
  for (const { traceId, spanId, attributes } of servers) {
    const id = Number(String(attributes["url.path"]).slice("/work/".length));
    const own = sink.spans.filter((span) => span.traceId === traceId && !isServer(span));
    expect(own.map(({ parentSpanId }) => parentSpanId)).toEqual([spanId, spanId, spanId]);
    const rows = own.flatMap((span) => span.attributes["db.response.returned_rows"] ?? []);
    expect(rows).toEqual([id, id]);
    expect(callOf(`${id}`)?.traceId).toBe(traceId);
  }
}

describe("each request has its own context, when they come", () => {
  it("a hundred at once", async () => {
    const answers = await Promise.all(ids.map((id) => app.get(`/work/${id}`)));
    expect(answers).toEqual(ids.map((id) => `${id * 2}\n`));
    await expectOwnContexts(ids);
  });

  it("a hundred on one connection, pipelined", async () => {
    const socket = connect(app.port, "127.0.0.1");
    const last = ids.length + 1;
    const requests = ids.map((id) => rawGet(`/work/${id}`)).join("");
    socket.write(requests + rawGet(`/work/${last}`, "Connection: close"));
    const answers = await text(socket);
    const bodies = [...answers.matchAll(/^\d+$/gm)].map(([body]) => Number(body));
    for (const id of [...ids, last]) expect(bodies).toContain(id * 2);
    await expectOwnContexts([...ids, last]);
  });

  it("one after the other on a connection that is kept alive", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const some = ids.slice(0, 20);
    const sockets = new Set();
    for (const id of some) {
      const request = get({ port: app.port, host: "127.0.0.1", path: `/work/${id}`, agent });
      const [answer] = await once(request, "response");
      sockets.add(request.socket);
      expect(await text(answer)).toBe(`${id * 2}\n`);
    }
    agent.destroy();
    expect(sockets.size).toBe(1);
    await expectOwnContexts(some);
  });
});

it("an upgrade, and what comes after it, is in no request's context that came before on its connection", async () => {
  const socket = connect(app.port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("latin1").on("data", (part) => {
    answer += part;
    if (answer.endsWith("\r\n\r\n") && answer.includes("101 Switching")) socket.write("hello");
    else if (answer.includes("\n14\n") && !answer.includes("101")) {
      socket.write(rawGet("/", "Connection: Upgrade", "Upgrade: echo"));
    }
  });
  socket.write(rawGet("/work/7"));
  await once(socket, "end");
  socket.destroy();
  expect(answer).toMatch(/bye$/);
  await sink.waitFor(() => callOf("upgraded") !== undefined);
  await sink.waitFor((spans) => spans.some(isServer));
  const [server] = sink.spans.filter(isServer);
  for (const name of ["upgrade", "upgraded"]) {
    expect(callOf(name)).toMatchObject({ parentSpanId: "" });
    expect(callOf(name)?.traceId).not.toBe(server?.traceId);
  }
});
