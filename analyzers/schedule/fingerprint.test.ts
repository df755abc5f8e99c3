import fc from "fast-check";
import { expect, test } from "vitest";
import { toFingerprint } from "./fingerprint.ts";

test("a fingerprint is 32 hex digits and the same every time", () => {
  const id = toFingerprint("n-plus-one", ["shop-orders", "GET", "/orders", "123"]);
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(toFingerprint("n-plus-one", ["shop-orders", "GET", "/orders", "123"])).toBe(id);
});

test("different identities never share a fingerprint, however their parts are cut", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (a, b) => {
      const same = a.length === b.length && a.every((part, i) => part === b[i]);
      expect(toFingerprint("x", a) === toFingerprint("x", b)).toBe(same);
    }),
  );
});

test("the detector is part of the fingerprint", () => {
  expect(toFingerprint("n-plus-one", ["a"])).not.toBe(toFingerprint("duplicate-call", ["a"]));
});
