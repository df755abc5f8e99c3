import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LocalTrace } from "./local-trace.ts";
import { RecordedSpan } from "./recorded-span.ts";
import { readBaggage, readTraceparent, toTraceparent } from "./w3c-headers.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";
const valid = `00-${traceId}-${spanId}-01`;

describe("traceparent", () => {
  it.each([
    ["the future's", `cc-${traceId}-${spanId}-01-what-is-next`, true],
    ["not sampled", `00-${traceId}-${spanId}-00`, false],
    ["with more flags", `00-${traceId}-${spanId}-ff`, true],
  ])("is read: %s", (_, header, isSampled) => {
    expect(readTraceparent(header, undefined)).toMatchObject({ isSampled });
  });

  it.each([
    ["nothing", undefined],
    ["a list", [valid]],
    ["two of them", `${valid}, ${valid}`],
    ["version ff", `ff-${traceId}-${spanId}-01`],
    ["version 00 that goes on", `${valid}-01`],
    ["capitals", valid.toUpperCase()],
    ["no trace", `00-${"0".repeat(32)}-${spanId}-01`],
    ["no span", `00-${traceId}-${"0".repeat(16)}-01`],
    ["other letters", valid.replace("b", "g")],
    ["too short", valid.slice(1)],
    ["other separators", valid.replaceAll("-", "_")],
  ])("is as if it were absent: %s", (_, header) => {
    expect(readTraceparent(header, undefined)).toBeUndefined();
  });

  it("is never a reason to throw, whatever is sent", () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), fc.nat(60), (any, text, at) => {
        readTraceparent(any, any);
        readTraceparent(valid.slice(0, at) + text + valid.slice(at + text.length), text);
        readBaggage(any);
      }),
    );
  });

  it("that a span writes is read as the span's ids", () => {
    const trace = new LocalTrace([0x4bf92f35, 0x77b34da6, 0xa3ce929d | 0, 0x0e0e4736], "", true, 0);
    const span = new RecordedSpan({ add: () => undefined }, trace, undefined, {
      name: "",
      kind: 1,
      startMs: 0,
      scope: 0,
    });
    expect(trace.hex).toBe(traceId);
    expect(readTraceparent(toTraceparent(span), undefined)).toMatchObject({
      trace: [trace.id0, trace.id1, trace.id2, trace.id3],
      span: [span.id0, span.id1],
    });
  });
});

describe("tracestate and baggage", () => {
  const stateOf = (state: string) => readTraceparent(valid, state)?.traceState;

  it("are passed on as they came", () => {
    expect(stateOf("ot=th:8,vendor=1")).toBe("ot=th:8,vendor=1");
    expect(readBaggage("user=1")).toBe("user=1");
  });

  it("are left out when they are too long, or can't be sent on", () => {
    expect(stateOf("a".repeat(513))).toBe("");
    expect(stateOf("a=\u0001")).toBe("");
    expect(readBaggage("a".repeat(8_193))).toBe("");
    expect(readBaggage("a=\n")).toBe("");
  });
});
