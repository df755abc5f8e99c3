import fc from "fast-check";
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

const mask = 2n ** 64n - 1n;

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & mask;
}

/** The same by the letter of the paper, in whole words of 64 bits. */
function plainHashOf(words: readonly (readonly [number, number])[]): [number, number] {
  const [k0, k1] = [0x0706050403020100n, 0x0f0e0d0c0b0a0908n];
  let [v0, v1] = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn];
  let [v2, v3] = [k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n];
  const mix = (rounds: number) => {
    for (let round = 0; round < rounds; round += 1) {
      v0 = (v0 + v1) & mask;
      v1 = rotate(v1, 13n) ^ v0;
      v2 = (v2 + v3) & mask;
      v3 = rotate(v3, 16n) ^ v2;
      v2 = (v2 + v1) & mask;
      v0 = (rotate(v0, 32n) + v3) & mask;
      v1 = rotate(v1, 17n) ^ v2;
      v3 = rotate(v3, 21n) ^ v0;
      v2 = rotate(v2, 32n);
    }
  };
  for (const [low, high] of words) {
    const word = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    v3 ^= word;
    mix(2);
    v0 ^= word;
  }
  v2 ^= 0xffn;
  mix(4);
  const hash = v0 ^ v1 ^ v2 ^ v3;
  return [Number(hash >> 32n), Number(hash & 0xffffffffn)];
}

it("is the same in halves as in whole words, however many there are", () => {
  const half = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  fc.assert(
    fc.property(fc.array(fc.tuple(half, half), { maxLength: 150 }), (words) => {
      expect(hashOf(...words)).toEqual(plainHashOf(words));
    }),
  );
});
