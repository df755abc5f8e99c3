import fc from "fast-check";
import { expect, test } from "vitest";
import { AcceptedBodies } from "./accepted-bodies.ts";

const limits = { rememberBodiesMs: 1_000, rememberBodiesMax: 10_000 };
const hashOf = (number: number) => `body ${number}`;

test("of very many bodies the newest are known, exactly as many as there may be", () => {
  const bodies = new AcceptedBodies(limits);
  for (let number = 0; number < 25_000; number++) bodies.add(hashOf(number), 1, 1);
  expect([bodies.size, bodies.forgottenEarly]).toEqual([10_000, 15_000]);
  const known = [0, 14_999, 15_000, 24_999].map((number) => bodies.has(hashOf(number), 1));
  expect(known).toEqual([false, false, true, true]);
});

test("what a list of all of them would say is what is known", () => {
  // A step: so much later a body comes, which may have come before.
  const step = fc.tuple(fc.nat(200), fc.nat(40));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const bodies = new AcceptedBodies({ ...limits, rememberBodiesMax: 12 });
      let all: { readonly number: number; readonly ms: number }[] = [];
      let nowMs = 0;
      for (const [laterMs, number] of steps) {
        nowMs += laterMs;
        bodies.add(hashOf(number), nowMs, nowMs);
        all = [...all.filter((body) => body.number !== number), { number, ms: nowMs }];
        all = all.filter(({ ms }) => ms > nowMs - limits.rememberBodiesMs).slice(-12);
        const known = Array.from({ length: 41 }, (_, i) => i).filter((i) =>
          bodies.has(hashOf(i), nowMs),
        );
        expect(known).toEqual(all.map((body) => body.number).sort((a, b) => a - b));
        expect(bodies.size).toBe(all.length);
      }
    }),
  );
});
