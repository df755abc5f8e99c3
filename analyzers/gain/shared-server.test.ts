import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ServedCall, SharedServer } from "./shared-server.ts";

const call = (start: number, end: number, startAfter = start): ServedCall => ({
  start,
  end,
  startAfter,
});
const replayed = (calls: readonly ServedCall[], capacity: number) => {
  const server = new SharedServer(calls);
  return [...server.replay(server.servedNs(capacity), capacity)];
};

test("two calls at once share one processor, and have one each of two", () => {
  const calls = [call(0, 40, 0), call(40, 60, 0)];
  // The shorter one is done after 20 of its own and 20 of the other; then the longer one is alone.
  expect(replayed(calls, 1)).toEqual([60, 40]);
  expect(replayed(calls, 2)).toEqual([40, 20]);
});

test("who comes later slows down those under way, and half of a processor is shared like a whole one", () => {
  const calls = [call(0, 40), call(40, 60, 20)];
  expect(replayed(calls, 1)).toEqual([60, 40]);
  // Speeds of 1 and, while both are there, 0.75.
  expect(replayed(calls, 1.5)[1]).toBeCloseTo(20 / 0.75);
});

test("a call that shared was worked on for less than it took", () => {
  const calls = [call(0, 40), call(20, 60)];
  expect([...new SharedServer(calls).servedNs(1)]).toEqual([30, 30]);
  expect([...new SharedServer(calls).servedNs(2)]).toEqual([40, 40]);
});

test("as many at once as before or after", () => {
  expect(new SharedServer([call(0, 10), call(10, 20), call(20, 30)]).atOnceMax()).toBe(1);
  expect(new SharedServer([call(0, 10), call(10, 20, 0), call(20, 30, 0)]).atOnceMax()).toBe(3);
});

describe("for any calls", () => {
  const times = fc.tuple(fc.nat(200), fc.integer({ min: 0, max: 60 }), fc.nat(40));
  const arbitraryCalls = fc
    .array(times, { minLength: 1, maxLength: 20 })
    .map((all) => all.map(([start, ns, earlier]) => call(start, start + ns, start - earlier)));
  const arbitraryCapacity = fc.double({ min: 1, max: 8, noNaN: true });

  test("nothing changes where nobody starts at another time", () => {
    fc.assert(
      fc.property(arbitraryCalls, arbitraryCapacity, (moved, capacity) => {
        const calls = moved.map(({ start, end }) => call(start, end));
        for (const [i, taken] of replayed(calls, capacity).entries()) {
          expect(taken).toBeCloseTo(calls[i]!.end - calls[i]!.start, 6);
        }
      }),
    );
  });

  test("of the same work, a server that does more at once is never later", () => {
    fc.assert(
      fc.property(arbitraryCalls, arbitraryCapacity, arbitraryCapacity, (calls, a, b) => {
        const server = new SharedServer(calls);
        const work = server.servedNs(Infinity);
        const slow = server.replay(work, Math.min(a, b));
        const fast = server.replay(work, Math.max(a, b));
        for (const [i, taken] of fast.entries()) {
          expect(taken).toBeLessThanOrEqual(slow[i]! + 1e-6);
          expect(taken).toBeGreaterThanOrEqual(work[i]! - 1e-6);
        }
      }),
    );
  });

  test("no work is lost: all is done when a server that works in turns is done", () => {
    fc.assert(
      fc.property(arbitraryCalls, (calls) => {
        const server = new SharedServer(calls);
        const work = server.servedNs(Infinity);
        const taken = server.replay(work, 1);
        const lastEnd = Math.max(...calls.map(({ startAfter }, i) => startAfter + taken[i]!));
        expect(lastEnd).toBeCloseTo(endInTurns(calls, work), 6);
      }),
    );
  });
});

/** One after the other, in order of their starts. */
function endInTurns(calls: readonly ServedCall[], work: Float64Array): number {
  const order = [...calls.keys()].sort((a, b) => calls[a]!.startAfter - calls[b]!.startAfter);
  return order.reduce((now, i) => Math.max(now, calls[i]!.startAfter) + work[i]!, -Infinity);
}
