import fc from "fast-check";
import { expect, test } from "vitest";
import { DistinctCount } from "./distinct-count.ts";

/** The same for each run, spread over 32 bits. */
const hashOf = (i: number) => Math.imul(i ^ (i >>> 15), 0x2c1b3c6d) >>> 0;

test("a few are counted nearly one by one, repeats once", () => {
  const count = new DistinctCount();
  expect(count.estimate).toBe(0);
  for (let i = 0; i < 1_000; i += 1) count.add(hashOf(i % 3));
  expect(count.estimate).toBe(3);
});

test.each([100, 1_000, 5_000, 16_000])("%i random ones are told within 5 %%", (different) => {
  const count = new DistinctCount();
  for (const hash of crypto.getRandomValues(new Uint32Array(16_384)).slice(0, different)) {
    count.add(hash);
  }
  expect(Math.abs(count.estimate - different) / different).toBeLessThan(0.05);
});

test("more of them never count less, and the same ones never more", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (hashes) => {
      const count = new DistinctCount();
      let last = 0;
      for (const hash of hashes) {
        count.add(hash);
        expect(count.estimate).toBeGreaterThanOrEqual(last);
        last = count.estimate;
      }
      for (const hash of hashes) count.add(hash);
      expect(count.estimate).toBe(last);
    }),
  );
});

test("beyond what it can tell, it says what it can", () => {
  const count = new DistinctCount();
  for (let i = 0; i < 2 ** 16; i += 1) count.add(i);
  expect(count.estimate).toBe(158_991);
});
