import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { generateIngestKey, type IngestKeyTerms } from "../auth/ingest-key.ts";
import { KeyRing } from "../auth/key-ring.ts";
import { head, ReceiverForTests, readToEnd, readUntil } from "./receiver-for-tests.ts";

let receiver: ReceiverForTests;
let ring: KeyRing;
let nowMs: number;

beforeEach(async () => {
  nowMs = 50_000;
  ring = new KeyRing(() => nowMs);
  receiver = await new ReceiverForTests({ bodyBytesMax: 10_000 }).listen();
  receiver.authorize = ring.authorize;
});

afterEach(async () => {
  await receiver.close();
});

/** Keys by these terms are the only ones. */
function hold(...terms: Partial<IngestKeyTerms>[]): string[] {
  const keys = terms.map((some) => generateIngestKey({ name: "shop", ...some }, nowMs));
  ring.replace(keys.map(({ key }) => key));
  return keys.map(({ secret }) => secret);
}

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

describe("a request without a valid key", () => {
  test.each<[string, Record<string, string>, string]>([
    ["none", {}, "KEY_MISSING"],
    ["an empty one", bearer(""), "KEY_MISSING"],
    ["a wrong one", bearer("culprit_ingest_wrong"), "KEY_UNKNOWN"],
    ["one of 10 KB", bearer("k".repeat(10_240)), "KEY_UNKNOWN"],
  ])("is refused with %s, and told the scheme", async (_, headers, code) => {
    hold({});
    const answer = await receiver.post("3", { ...headers, "content-type": "application/json" });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer realm="culprit"/);
    expect(JSON.parse(String(answer.bytes))).toMatchObject({ code: 16 });
    expect(receiver.counters.value("refused_requests", code)).toBe(1);
    expect(receiver.stored).toEqual([]);
  });

  test("is answered before its body is read, and not told to send it", async () => {
    hold({});
    const socket = await receiver.connect(head("Content-Length: 500", "Expect: 100-continue"));
    const text = await readToEnd(socket);
    expect(text).toMatch(/^HTTP\/1.1 401 /);
    expect(text).toContain("connection: close");
  });

  test("is refused for its key, whatever else is wrong with it", async () => {
    hold({});
    const bomb = gzipSync(Buffer.alloc(1_000_000));
    for (const headers of [{ "content-encoding": "gzip" }, { "content-encoding": "br" }, {}]) {
      expect((await receiver.post(new Uint8Array(bomb), headers)).status).toBe(401);
    }
    expect(receiver.decoded).toEqual([]);
  });

  test("leaves its key nowhere", async () => {
    const [secret] = hold({ expiresAt: nowMs });
    const answer = await receiver.post("3", bearer(secret!));
    expect(answer.status).toBe(401);
    const left = [
      String(answer.bytes),
      JSON.stringify([...answer.headers]),
      JSON.stringify(receiver.counters.list()),
      ...receiver.logged,
    ].join("\n");
    expect(left).not.toContain(secret);
    expect(left).not.toContain(secret!.slice(-20));
  });
});

describe("a request with a key", () => {
  test.each(["authorization", "x-api-key"])("in %s is taken", async (header) => {
    const [secret] = hold({});
    const value = header === "authorization" ? `Bearer ${secret}` : secret!;
    expect((await receiver.post("3", { [header]: value })).status).toBe(200);
  });

  test("is told to send its body when it asks first", async () => {
    const [secret] = hold({});
    const socket = await receiver.connect(
      head("Content-Length: 1", "Expect: 100-continue", `X-Api-Key: ${secret}`),
    );
    expect(await readUntil(socket, "\r\n\r\n")).toMatch(/^HTTP\/1.1 100 /);
    socket.write("3");
    expect(await readUntil(socket, "\r\n\r\n")).toMatch(/^HTTP\/1.1 200 /);
    socket.destroy();
  });

  test("is decoded for its services, and the same body of another key is not a retry", async () => {
    const [shop, cart, any] = hold({ services: ["shop"] }, { services: ["cart"] }, {});
    for (const secret of [shop, cart, any, shop, cart, any]) {
      expect((await receiver.post("3", bearer(secret!))).status).toBe(200);
    }
    expect(receiver.decoded.map(([, , { services }]) => services)).toEqual([
      ["shop"],
      ["cart"],
      undefined,
    ]);
    expect(receiver.counters.value("retried_requests")).toBe(3);
  });
});

describe("a quota", () => {
  test("that is used up is answered 429 and when to come again; other keys are taken", async () => {
    const [flooding, other] = hold({ bytesPerSecond: 200 }, {});
    // The same body again is stored once, and counts each time: a retry costs as much to read.
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) {
      statuses.push((await receiver.post("3", bearer(flooding!))).status);
    }
    expect(statuses).toEqual([200, 200, 429, 429, 429]);
    const refused = await receiver.post("3", bearer(flooding!));
    expect(Number(refused.headers.get("retry-after"))).toBe(1);
    expect(receiver.counters.value("refused_requests", "RATE_EXCEEDED")).toBe(4);
    expect((await receiver.post("4", bearer(other!))).status).toBe(200);
    nowMs += 10_000;
    expect((await receiver.post("3", bearer(flooding!))).status).toBe(200);
  });

  test("in bytes counts what a body is when it is inflated, also when that is refused", async () => {
    const [secret] = hold({ bytesPerSecond: 110 });
    const gzip = { ...bearer(secret!), "content-encoding": "gzip" };
    const noRequest = new Uint8Array(gzipSync(Buffer.alloc(1200, "x")));
    expect(noRequest.length).toBeLessThan(100);
    expect((await receiver.post(noRequest, gzip)).status).toBe(400);
    expect((await receiver.post("1", bearer(secret!))).status).toBe(429);
  });

  test("of spans is kept to the span, under requests at once", async () => {
    const [secret] = hold({ spansPerDay: 20 });
    const bodies = Array.from({ length: 9 }, (_, i) => ` ${"0".repeat(i)}5`);
    const answers = await Promise.all(bodies.map((body) => receiver.post(body, bearer(secret!))));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429, 429, 429, 429]);
    expect(receiver.stored).toHaveLength(4);
    expect(receiver.counters.value("refused_requests", "QUOTA_EXCEEDED")).toBe(5);
    const [refused] = answers.filter(({ status }) => status === 429);
    expect(Number(refused!.headers.get("retry-after"))).toBe(86_400 - 50);
    // What is refused must not lie in a block with what is stored.
    expect(receiver.decoded.map(([, , { isAlone }]) => isAlone)).not.toContain(false);
  });

  test("gets back the spans that the disk refused", async () => {
    const [secret] = hold({ spansPerDay: 5 });
    receiver.append = () => Promise.reject(new Error("disk"));
    expect((await receiver.post("5", bearer(secret!))).status).toBe(500);
    receiver.append = async () => {};
    expect((await receiver.post("5", bearer(secret!))).status).toBe(200);
  });
});
