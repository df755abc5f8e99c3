import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CollectorError } from "../collector-error.ts";
import { ReceiverForTests } from "./receiver-for-tests.ts";

let receiver: ReceiverForTests;

beforeEach(async () => {
  receiver = await new ReceiverForTests().listen();
});

afterEach(() => receiver.close());

function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
  const type = { "content-type": "application/json" };
  return receiver.request("POST", "/api/v2/spans", body, { ...type, ...headers });
}

test("spans are accepted with 202 and no body, and go to the decoder as Zipkin's", async () => {
  const { status, bytes } = await post("3-1");
  expect([status, bytes.length]).toEqual([202, 0]);
  expect(receiver.decoded[0]?.[1]).toBe("zipkin");
  expect(receiver.counters.value("accepted_spans")).toBe(2);
  expect(receiver.counters.value("rejected_spans", "invalid_trace_id")).toBe(1);
});

test("a body may be gzip, and is known when it comes again", async () => {
  expect((await post("4")).status).toBe(202);
  expect((await post(gzipSync("4"), { "content-encoding": "gzip" })).status).toBe(202);
  expect(receiver.stored).toHaveLength(1);
});

test.each([
  ["POST", { "content-type": "application/x-thrift" }, 415],
  ["POST", { "content-type": "application/x-protobuf" }, 415],
  ["POST", { "content-encoding": "gzip, gzip" }, 415],
  ["POST", { "content-encoding": "gzip" }, 400],
  ["GET", {}, 405],
])("%s with %j gets %d, as JSON", async (method, headers, status) => {
  const answer = await receiver.request(method, "/api/v2/spans", method === "POST" ? "1" : null, {
    "content-type": "application/json",
    ...headers,
  });
  expect([answer.status, answer.headers.get("content-type")]).toEqual([status, "application/json"]);
  expect(JSON.parse(String(answer.bytes))).toHaveProperty("message");
  expect(receiver.stored).toEqual([]);
});

test("what is over the limit gets 413, and a full journal 503 with Retry-After", async () => {
  expect((await post("1".repeat(1001))).status).toBe(413);
  receiver.append = () => Promise.reject(new CollectorError("JOURNAL_FULL", "no"));
  const answer = await post("1");
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
});

test("a key is asked for before anything is read", async () => {
  receiver.authorize = () => {
    throw new CollectorError("KEY_MISSING", "no key");
  };
  expect((await post("x".repeat(2000), { "content-type": "text/plain" })).status).toBe(401);
  expect(receiver.decoded).toEqual([]);
});
