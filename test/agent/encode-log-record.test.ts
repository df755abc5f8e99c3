import { expect, test } from "vitest";
import { encodeLogRecord } from "../../agent/export/encode-log-record.ts";
import { defaultDecodeLimits } from "../../collector/decode/decode-limits.ts";
import { decodeOtlp } from "../../collector/decode/decode-otlp.ts";
import { decodeOtlpLogs } from "../support/decode-otlp.ts";

const record = {
  eventName: "culprit.cpu_profile",
  body: "10.0 s: 62 % busy",
  attributes: { "culprit.profile.samples": 990, "culprit.profile.busy_ms": 6_200.5, text: "ä\nb" },
  traceId: "0123456789abcdef0123456789abcdef",
  spanId: "0123456789abcdef",
};
const timeMs = 1_795_000_000_000;

test("a log record is OTLP: whoever reads it has every part of it", () => {
  const body = encodeLogRecord(record, new Uint8Array(), "scope", timeMs);
  expect(decodeOtlpLogs(body)).toEqual([{ ...record, timeMs, resource: {} }]);
  const withoutTrace = { ...record, traceId: "", spanId: "" };
  expect(decodeOtlpLogs(encodeLogRecord(withoutTrace, new Uint8Array(), "scope"))).toEqual([
    expect.objectContaining({ traceId: "", spanId: "" }),
  ]);
});

test("a log record is understood by the collector", () => {
  const body = encodeLogRecord(record, new Uint8Array(), "scope", timeMs);
  const context = {
    receivedMs: timeMs,
    acceptFromMs: timeMs - 60_000,
    acceptToMs: timeMs + 60_000,
    limits: defaultDecodeLimits,
  };
  expect(decodeOtlp("logs", body, "protobuf", context)).toMatchObject({ rows: 1 });
});
