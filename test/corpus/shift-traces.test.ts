import { expect, test } from "vitest";
import { encodeOtlp } from "../../collector/decode/testing/encode-otlp.ts";
import type { OtlpRequest } from "../../collector/decode/testing/otlp-model.ts";
import { shiftTraces } from "./shift-traces.ts";

const second = 1_000_000_000n;

/** Two spans, the second with an event; the first begins `atNs` after 1970. */
function request(atNs: bigint): OtlpRequest {
  const at = (s: bigint) => String(atNs + s * second);
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const attributes = [{ key: "db.query.text", value: { stringValue: "SELECT 1" } }];
  const event = { timeUnixNano: at(2n), name: "retry", attributes };
  const spans = [
    { spanId: "00f067aa0ba902b7", startTimeUnixNano: at(0n), endTimeUnixNano: at(1n), attributes },
    {
      spanId: "00f067aa0ba902b8",
      startTimeUnixNano: at(1n),
      endTimeUnixNano: at(3n),
      events: [event],
    },
  ];
  const resource = { attributes };
  return {
    resourceSpans: [
      { resource, scopeSpans: [{ spans: spans.map((span) => ({ ...span, traceId })) }] },
    ],
  };
}

test("spans and events move together, so that the last span ends at the given time", () => {
  const body = encodeOtlp(request(1_600_000_000n * second));
  shiftTraces(body, 1_800_000_000_000);
  expect(body).toEqual(encodeOtlp(request(1_800_000_000n * second - 3n * second)));
});

test("a body that is cut off is an error, not a shorter recording", () => {
  const body = encodeOtlp(request(1_600_000_000n * second));
  expect(() => shiftTraces(body.subarray(0, 150), 1_800_000_000_000)).toThrow();
});
