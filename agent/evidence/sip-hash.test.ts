import { expect, it } from "vitest";
import { SipHash } from "./sip-hash.ts";

/** Of the reference: 00 01 02 … 0f. */
const key = Int32Array.of(0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c);

/** The words of SipHash's message 00 01 02 …, the last of which ends with its length. */
function hashOf(...words: readonly (readonly [number, number])[]): [number, number] {
  const hash = new SipHash();
  hash.start(key);
  for (const [low, high] of words) hash.add(low, high);
  hash.finish();
  return [hash.high >>> 0, hash.low >>> 0];
}

it("is SipHash-2-4, as its authors' paper and code give its values", () => {
  expect(hashOf([0, 0])).toEqual([0x726fdb47, 0xdd0e0e31]);
  expect(hashOf([0, 0x01000000])).toEqual([0x74f839c5, 0x93dc67fd]);
  expect(hashOf([0x03020100, 0x07060504], [0x0b0a0908, 0x0f0e0d0c])).toEqual([
    0xa129ca61, 0x49be45e5,
  ]);
});
