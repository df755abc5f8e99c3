import fc from "fast-check";
import { expect, test } from "vitest";
import { KnownTraces } from "./known-traces.ts";

/** Ids of 16 bytes, one for each number. */
function toIds(numbers: readonly number[]): Buffer {
  const ids = Buffer.alloc(16 * numbers.length);
  for (const [at, number] of numbers.entries()) ids.writeUInt32LE(number, at * 16 + 8);
  return ids;
}

const nowMs = 1_795_000_000_000;

test("knows exactly the traces that were added, each by the time at which it settled", () => {
  const traces = fc.array(fc.tuple(fc.nat(500), fc.nat(5)), { maxLength: 3_000 });
  fc.assert(
    fc.property(traces, traces, (added, asked) => {
      const known = new KnownTraces(10_000);
      for (const [id, ms] of added) known.add(toIds([id]), 0, nowMs + ms);
      const model = new Set(added.map(String));
      for (const [id, ms] of asked) {
        expect(known.has(toIds([0, id]), 1, nowMs + ms)).toBe(model.has(String([id, ms])));
      }
    }),
  );
});

test("what settled since the border is never forgotten, and what settled long before it is", () => {
  const known = new KnownTraces(10_000);
  const ids = toIds(Array.from({ length: 600 }, (_, i) => i));
  for (let second = 0; second < 600; second++) {
    known.add(ids, second, nowMs + second * 1000);
    known.forgetBefore(nowMs + (second - 30) * 1000);
    for (let back = 0; back <= Math.min(30, second); back++) {
      expect(known.has(ids, second - back, nowMs + (second - back) * 1000)).toBe(true);
    }
    if (second >= 70) expect(known.has(ids, second - 70, nowMs + (second - 70) * 1000)).toBe(false);
  }
});

test("of more than it may remember it forgets the oldest", () => {
  const known = new KnownTraces(100);
  const ids = toIds(Array.from({ length: 250 }, (_, i) => i));
  for (let at = 0; at < 250; at++) known.add(ids, at, nowMs);
  const remembered = Array.from({ length: 250 }, (_, at) => known.has(ids, at, nowMs));
  expect(remembered.slice(100)).not.toContain(false);
  expect(remembered.slice(0, 100)).not.toContain(true);
});
