import { once } from "node:events";
import { expect, test } from "vitest";
import { defaultHttpLimits, type HttpLimits } from "./http-limits.ts";
import { head, ReceiverForTests, readToEnd, readUntil } from "./receiver-for-tests.ts";

async function withServer(
  limits: Partial<HttpLimits>,
  act: (receiver: ReceiverForTests) => Promise<void>,
): Promise<void> {
  const receiver = await new ReceiverForTests({ ...defaultHttpLimits, ...limits }).listen();
  try {
    await act(receiver);
  } finally {
    await receiver.close();
  }
}

test("headers that don't come to an end close the connection, and others are served meanwhile", async () => {
  // Long enough for one that is not slow, on a machine that does other work as well.
  await withServer({ headersTimeoutMs: 2_000, requestTimeoutMs: 2_000 }, async (receiver) => {
    const slow = await Promise.all(
      Array.from({ length: 20 }, () => receiver.connect("POST /v1/traces HTTP/1.1\r\nX: ")),
    );
    expect((await receiver.post("1")).status).toBe(200);
    const answers = await Promise.all(slow.map(readToEnd));
    expect(answers.every((answer) => answer.includes("408 Request Timeout"))).toBe(true);
    expect(receiver.counters.value("broken_requests", "timeout")).toBe(20);
  });
});

test("a body that doesn't come to an end closes the connection, and is counted", async () => {
  await withServer({ headersTimeoutMs: 50, requestTimeoutMs: 50 }, async (receiver) => {
    const socket = await receiver.connect(`${head("Content-Length: 10")}1`);
    await readToEnd(socket);
    await receiver.refused("BODY_ABORTED");
    expect(receiver.decoded).toEqual([]);
  });
});

test("connections over the limit are closed and counted", async () => {
  await withServer({ connectionsMax: 2 }, async (receiver) => {
    const first = await receiver.connect("");
    const second = await receiver.connect("");
    const third = await receiver.connect("");
    await once(third, "close");
    expect(receiver.counters.value("dropped_connections")).toBe(1);
    expect([first.destroyed, second.destroyed]).toEqual([false, false]);
  });
});

test("headers over the limit are refused", async () => {
  await withServer({ headerBytesMax: 1000 }, async (receiver) => {
    const socket = await receiver.connect(head(`X: ${"x".repeat(2000)}`));
    expect(await readToEnd(socket)).toContain("431 ");
    expect(receiver.counters.value("broken_requests", "headers_too_large")).toBe(1);
  });
});

test.each([
  ["no HTTP", "SSH-2.0-OpenSSH_9.6\r\n"],
  ["two lengths", head("Content-Length: 1", "Content-Length: 2")],
  ["a negative length", head("Content-Length: -1")],
  ["a length and chunks", head("Content-Length: 1", "Transfer-Encoding: chunked")],
])("what has %s is refused and counted, and closes its connection", async (_, text) => {
  await withServer({}, async (receiver) => {
    const socket = await receiver.connect(text);
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1.1 400 /);
    expect(receiver.counters.value("broken_requests", "invalid")).toBe(1);
    expect((await receiver.post("1")).status).toBe(200);
  });
});

test("a second request that is broken is refused after the answer to the first", async () => {
  await withServer({}, async (receiver) => {
    const socket = await receiver.connect(`${head("Content-Length: 1")}5`);
    await readUntil(socket, "\r\n\r\n");
    socket.write("nonsense\r\n\r\n");
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1.1 400 /);
  });
});
