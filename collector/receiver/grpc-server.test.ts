import { once } from "node:events";
import { type ClientHttp2Session, connect, constants } from "node:http2";
import { afterEach, describe, expect, test } from "vitest";
import { openGrpc } from "./grpc-for-tests.ts";

type Limits = Parameters<typeof openGrpc>[0];

const started: Awaited<ReturnType<typeof openGrpc>>[] = [];
const sessions: ClientHttp2Session[] = [];

afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  for (const { close } of started.splice(0)) await close();
});

async function start(limits: Limits) {
  const grpc = await openGrpc(limits);
  started.push(grpc);
  return grpc;
}

function open({ port }: { readonly port: number }): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on("error", () => undefined);
  sessions.push(session);
  return session;
}

describe("a connection", () => {
  async function closedBy(limits: Limits): Promise<number> {
    const grpc = await start(limits);
    const session = open(grpc);
    const goaway = once(session, "goaway");
    await once(session, "close");
    expect(grpc.receiver.counters.value("dropped_connections")).toBe(0);
    const [code] = await goaway;
    return code;
  }

  test("that is idle or old is closed without an error", async () => {
    expect(await closedBy({ checkIntervalMs: 20, idleMsMax: 0 })).toBe(constants.NGHTTP2_NO_ERROR);
    expect(await closedBy({ checkIntervalMs: 20, ageMsMax: 0 })).toBe(constants.NGHTTP2_NO_ERROR);
  });

  test("that is in use and answers pings stays open", async () => {
    const session = open(await start({ checkIntervalMs: 10 }));
    for (let pings = 0; pings < 5; pings += 1) await once(session, "ping");
    expect(session.closed).toBe(false);
  });

  test("over the limit is refused and counted", async () => {
    const grpc = await start({ connectionsMax: 1 });
    await once(open(grpc), "remoteSettings");
    await once(open(grpc), "close");
    expect(grpc.receiver.counters.value("dropped_connections")).toBe(1);
  });

  test("with too many pings is told to calm down", async () => {
    const grpc = await start({ controlFramesMax: 10 });
    const session = open(grpc);
    await once(session, "connect");
    const goaway = once(session, "goaway");
    for (let pings = 0; pings < 3; pings += 1) {
      await new Promise((done) => session.ping(done));
    }
    expect(grpc.receiver.counters.value("dropped_connections")).toBe(0);
    for (let pings = 0; pings < 9; pings += 1) session.ping(() => undefined);
    expect((await goaway)[0]).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    expect(grpc.receiver.counters.value("dropped_connections")).toBe(1);
  });
});
