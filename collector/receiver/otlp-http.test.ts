import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readPartialSuccess, readStatus } from "../../test/support/read-protobuf.ts";
import { CollectorError } from "../collector-error.ts";
import { DecodeError } from "../decode/decode-error.ts";
import { type Answer, head, ReceiverForTests, readUntil } from "./receiver-for-tests.ts";

const json = { "content-type": "application/json" };
let receiver: ReceiverForTests;

beforeEach(async () => {
  receiver = await new ReceiverForTests().listen();
});

afterEach(async () => {
  await receiver.close();
});

describe("an accepted request", () => {
  test("in protobuf is answered with an empty response in protobuf", async () => {
    const { status, headers, bytes } = await receiver.post("3");
    expect([status, headers.get("content-type"), bytes.length]).toEqual([
      200,
      "application/x-protobuf",
      0,
    ]);
    expect(receiver.counters.value("accepted_spans")).toBe(3);
  });

  test("is warned of what was left out of it, and nothing is rejected", async () => {
    const errorMessage = "stored 3 spans, not with all that they carry: droppedAttributes 2";
    const { bytes } = await receiver.post("3-0-2", json);
    expect(JSON.parse(String(bytes))).toEqual({
      partialSuccess: { rejectedSpans: "0", errorMessage },
    });
    const answer = await receiver.post("4-1-2");
    expect(readPartialSuccess(answer.bytes)).toEqual({
      rejected: 1,
      message: `rejected 1 of 4 spans: invalid_trace_id 1; ${errorMessage}`,
    });
    expect(receiver.counters.list()).toContainEqual({
      name: "losses",
      reason: "droppedAttributes",
      value: 4,
    });
  });

  test("in JSON is answered with {}", async () => {
    const { status, headers, bytes } = await receiver.post("3", json);
    expect([status, headers.get("content-type"), String(bytes)]).toEqual([
      200,
      "application/json",
      "{}",
    ]);
    expect(receiver.decoded[0]?.[1]).toBe("json");
  });

  test.each(["application/json; charset=utf-8", "Application/JSON", "application/json;x=y"])(
    "may name its type as %s",
    async (contentType) => {
      expect((await receiver.post("1", { "content-type": contentType })).status).toBe(200);
      expect(receiver.decoded[0]?.[1]).toBe("json");
    },
  );

  test("may be empty, and then nothing is stored", async () => {
    expect((await receiver.post("")).status).toBe(200);
    expect(receiver.stored).toEqual([]);
  });

  test("may be gzip", async () => {
    const { status } = await receiver.post(gzipSync("7"), { "content-encoding": "GZip" });
    expect(status).toBe(200);
    expect(receiver.counters.value("accepted_spans")).toBe(7);
  });

  test("is decoded with the window of times around now", async () => {
    await receiver.post("1");
    expect(receiver.decoded[0]?.[2]).toEqual({
      receivedMs: 50_000,
      acceptFromMs: 49_000,
      acceptToMs: 50_010,
    });
  });

  test("leaves its connection open for the next, also when both are sent at once", async () => {
    const socket = await receiver.connect(
      `${head("Content-Length: 1")}1${head("Content-Length: 1", "X-Last: 1")}2`,
    );
    const answers = await readUntil(socket, "\r\n\r\nHTTP/1.1 200 OK");
    expect(answers).not.toContain("close");
    socket.destroy();
  });
});

describe("a request with rejected spans", () => {
  const errorMessage = "rejected 300 of 1000 spans: invalid_trace_id 300";

  test("in protobuf gets their number and a message", async () => {
    const { status, bytes } = await receiver.post("1000-300");
    expect(status).toBe(200);
    // partial_success { rejected_spans: 300, error_message }
    const { length } = errorMessage;
    const start = Buffer.of(0x0a, length + 5, 0x08, 0xac, 0x02, 0x12, length);
    expect(bytes).toEqual(Buffer.concat([start, Buffer.from(errorMessage)]));
    expect(receiver.counters.value("rejected_spans", "invalid_trace_id")).toBe(300);
    expect(receiver.counters.value("accepted_spans")).toBe(700);
  });

  test("in JSON gets their number as a string", async () => {
    const { bytes } = await receiver.post("1000-300", json);
    expect(JSON.parse(String(bytes))).toEqual({
      partialSuccess: { rejectedSpans: "300", errorMessage },
    });
  });

  test.each([
    ["logs", "rejectedLogRecords", "log records", "log_records"],
    ["metrics", "rejectedDataPoints", "data points", "data_points"],
  ])("of %s are told and counted in that signal's words", async (signal, field, words, name) => {
    const { bytes } = await receiver.request("POST", `/v1/${signal}`, "5-2", json);
    const errorMessage = `rejected 2 of 5 ${words}: invalid_trace_id 2`;
    expect(JSON.parse(String(bytes))).toEqual({ partialSuccess: { [field]: "2", errorMessage } });
    expect(receiver.counters.value(`rejected_${name}`, "invalid_trace_id")).toBe(2);
    expect(receiver.counters.value(`accepted_${name}`)).toBe(3);
    expect(receiver.counters.value("accepted_requests", signal)).toBe(1);
    expect(receiver.counters.value("accepted_spans")).toBe(0);
  });

  test("stores nothing when it has no others", async () => {
    expect((await receiver.post("2-2")).status).toBe(200);
    expect(receiver.stored).toEqual([]);
  });
});

describe("a refused request", () => {
  test.each(["text/plain", "", "application/protobuf", "application/jsonx"])(
    "of content type %j gets 415",
    async (contentType) => {
      const answer = await receiver.post("1", { "content-type": contentType });
      expect([answer.status, answer.headers.get("content-type")]).toEqual([
        415,
        "application/json",
      ]);
      expect(JSON.parse(String(answer.bytes))).toMatchObject({ code: 3 });
    },
  );

  test.each(["br", "zstd, gzip", "deflate", "gzip, gzip", "gzip,deflate", "identity, gzip"])(
    "of content encoding %j gets 415, and is not inflated",
    async (contentEncoding) => {
      const answer = await receiver.post(gzipSync(gzipSync("1")), {
        "content-encoding": contentEncoding,
      });
      expect(answer.status).toBe(415);
      expect(readStatus(answer.bytes).message).toContain("gzip, zstd or identity");
      expect(receiver.decoded).toEqual([]);
    },
  );

  test.each(["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])(
    "of method %s gets 405",
    async (method) => {
      const answer = await receiver.request(method, "/v1/traces");
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
      expect(readStatus(answer.bytes).code).toBe(12);
    },
  );

  test.each(["/v1development/profiles"])("for %s gets 404", async (path) => {
    const answer = await receiver.request("POST", path, "1", json);
    expect(answer.status).toBe(404);
    expect(JSON.parse(String(answer.bytes))).toEqual({
      code: 12,
      message: "profiles are not stored here",
    });
  });

  test("that can't be decoded gets 400 with the reason, in its own encoding", async () => {
    const inProtobuf = await receiver.post("x");
    const message = "field number 0";
    expect([inProtobuf.status, readStatus(inProtobuf.bytes)]).toEqual([
      400,
      { code: 3, message, violation: message },
    ]);
    const inJson = await receiver.post("x", json);
    expect([inJson.status, JSON.parse(String(inJson.bytes))]).toEqual([
      400,
      {
        code: 3,
        message,
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            fieldViolations: [{ description: message }],
          },
        ],
      },
    ]);
    expect(receiver.counters.value("refused_requests", "INVALID_PROTOBUF")).toBe(2);
  });
});

describe("a request that is refused for our reasons", () => {
  test.each([
    ["JOURNAL_FULL", "5"],
    ["JOURNAL_FAILED", "5"],
    ["JOURNAL_BUSY", "1"],
  ] as const)("because of %s may come again after %s s", async (code, seconds) => {
    receiver.append = () => Promise.reject(new CollectorError(code, "no"));
    const answer = await receiver.post("1");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, seconds]);
    expect(readStatus(answer.bytes)).toMatchObject({ code: 14, retryAfterS: Number(seconds) });
    expect(receiver.counters.value("accepted_spans")).toBe(0);
    expect(receiver.counters.value("refused_requests", code)).toBe(1);
  });

  test("because the decoder is busy may come again", async () => {
    receiver.decode = () => Promise.reject(new DecodeError("DECODER_BUSY", "no"));
    const answer = await receiver.post("1");
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
  });

  test("because of a fault of ours gets 500 and no details, and must not come again", async () => {
    receiver.decode = () => Promise.reject(new Error("secret"));
    const answer = await receiver.post("1");
    expect([answer.status, readStatus(answer.bytes)]).toEqual([
      500,
      { code: 13, message: "internal error" },
    ]);
    expect(receiver.logged).toEqual([expect.stringContaining("secret")]);
    expect(receiver.counters.value("refused_requests", "INTERNAL")).toBe(1);
  });
});

describe("a body that comes again", () => {
  test("is answered 200 and not stored again", async () => {
    expect((await receiver.post("4")).status).toBe(200);
    const again = await receiver.post(gzipSync("4"), { "content-encoding": "gzip" });
    expect(again.status).toBe(200);
    expect(receiver.decoded).toHaveLength(1);
    expect(receiver.stored).toHaveLength(1);
    expect(receiver.counters.value("accepted_spans")).toBe(4);
    expect(receiver.counters.value("retried_requests")).toBe(1);
  });

  test("for another signal is another body", async () => {
    await receiver.post("4");
    await receiver.request("POST", "/v1/logs", "4");
    await receiver.request("POST", "/v1/logs", "4");
    expect(receiver.stored).toHaveLength(2);
    expect(receiver.counters.value("accepted_log_records")).toBe(4);
  });

  test("in the other encoding is another body", async () => {
    await receiver.post("4");
    await receiver.post("4", json);
    expect(receiver.stored).toHaveLength(2);
  });

  test("while it is being stored gets the same answer, and is stored once", async () => {
    const answers = await postTwice(() => Promise.resolve());
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[0]?.bytes).toEqual(answers[1]?.bytes);
    expect(receiver.stored).toHaveLength(1);
    expect(receiver.counters.value("retried_requests")).toBe(1);
  });

  test("while it fails to be stored fails as well, and is stored when it comes a third time", async () => {
    const failure = new CollectorError("JOURNAL_FAILED", "no");
    const answers = await postTwice(() => Promise.reject(failure));
    expect(answers.map(({ status }) => status)).toEqual([503, 503]);
    receiver.append = async () => {};
    expect((await receiver.post("9-1")).status).toBe(200);
    expect(receiver.stored).toHaveLength(1);
  });

  /** Two equal requests, of which the second has been read before the first is stored. */
  async function postTwice(append: () => Promise<void>): Promise<Answer[]> {
    const isAppending = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    receiver.append = async () => {
      isAppending.resolve();
      await gate.promise;
      await append();
    };
    const first = receiver.post("9-1");
    await isAppending.promise;
    const second = receiver.post("9-1");
    await receiver.bodiesRead(2);
    gate.resolve();
    return await Promise.all([first, second]);
  }
});
