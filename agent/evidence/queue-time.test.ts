import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readQueueTime } from "./queue-time.ts";

const startMs = Date.UTC(2026, 0, 1);

describe("time in a proxy's queue", () => {
  it.each([
    ["seconds", "1767225599.750"],
    ["milliseconds", String(startMs - 250)],
    ["microseconds", `t=${startMs - 250}000`],
    ["nanoseconds", `${startMs - 250}000000`],
  ])("is read from %s", (_, header) => {
    expect(readQueueTime(header, startMs)).toBeCloseTo(250, 0);
  });

  it.each([
    ["nothing", undefined],
    ["an empty header", ""],
    ["a word", "soon"],
    ["a list", ["1767225599.750"]],
    ["infinity", "Infinity"],
    ["a time to come", String(startMs + 1_000)],
    ["an hour ago", String(startMs - 3_600_000)],
    ["a negative one", "-1767225599"],
    ["a number without end", "1".repeat(10_000)],
  ])("is not told from %s", (_, header) => {
    expect(readQueueTime(header, startMs)).toBeUndefined();
  });

  it("is within ten minutes or absent, whatever is sent", () => {
    const number = fc.oneof(fc.double(), fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }));
    const text = fc.oneof(
      fc.string(),
      number.map(String),
      number.map((it) => `t=${it}`),
    );
    fc.assert(
      fc.property(fc.oneof(text, fc.anything()), (header) => {
        const ms = readQueueTime(header, startMs);
        expect(ms === undefined || (ms >= 0 && ms <= 600_000)).toBe(true);
      }),
    );
  });
});
