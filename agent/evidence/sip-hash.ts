/** Words that wait to be mixed in. */
const waitingMax = 64;
const roundsOfWord = 2;
const roundsAtEnd = 4;

/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash of 64 bits. Without its key of 128 bits nobody can tell which
 * input has which hash. For a few words it takes a tenth of what a call into `node:crypto` does.
 *
 *   start(key) ─ add(low, high)* ─ finish() ─▶ low, high
 *
 * In halves of 32 bits, as signed integers: a BigInt for each step would cost more than the call. Words are only noted
 * where they are added, and mixed in together: V8 would copy the rounds to each place that adds some, ten times the code.
 */
export class SipHash {
  /** The hash, once finished. */
  low = 0;
  high = 0;
  /** v0 to v3, the lower half first. */
  readonly #v = new Int32Array(8);
  readonly #waiting = new Int32Array(waitingMax);
  #count = 0;

  /** Four words, the lowest first. */
  start(key: Int32Array): void {
    const v = this.#v;
    v[0] = 0x70736575 ^ key[0]!;
    v[1] = 0x736f6d65 ^ key[1]!;
    v[2] = 0x6e646f6d ^ key[2]!;
    v[3] = 0x646f7261 ^ key[3]!;
    v[4] = 0x6e657261 ^ key[0]!;
    v[5] = 0x6c796765 ^ key[1]!;
    v[6] = 0x79746573 ^ key[2]!;
    v[7] = 0x74656462 ^ key[3]!;
    this.#count = 0;
  }

  /** Eight bytes, as little-endian words. */
  add(low: number, high: number): void {
    const at = this.#count;
    this.#waiting[at] = low;
    this.#waiting[at + 1] = high;
    this.#count = at + 2;
    if (this.#count === waitingMax) this.#mix(false);
  }

  finish(): void {
    this.#mix(true);
  }

  /** What waits; at the end four rounds more, as of a word of zeros. */
  #mix(isEnd: boolean): void {
    const v = this.#v;
    const waiting = this.#waiting;
    const count = this.#count;
    this.#count = 0;
    let a = v[0]!;
    let a1 = v[1]!;
    let b = v[2]!;
    let b1 = v[3]!;
    let c = v[4]!;
    let c1 = v[5]!;
    let d = v[6]!;
    let d1 = v[7]!;
    const end = isEnd ? count + 2 : count;
    for (let at = 0; at < end; at += 2) {
      const isWord = at < count;
      const low = isWord ? waiting[at]! : 0;
      const high = isWord ? waiting[at + 1]! : 0;
      const rounds = isWord ? roundsOfWord : roundsAtEnd;
      if (!isWord) c ^= 0xff;
      d ^= low;
      d1 ^= high;
      for (let round = 0; round < rounds; round += 1) {
        let sum = (a + b) | 0;
        a1 = (a1 + b1 + carry(sum, a)) | 0;
        const b0 = ((b << 13) | (b1 >>> 19)) ^ sum;
        b1 = ((b1 << 13) | (b >>> 19)) ^ a1;
        b = b0;
        a = a1;
        a1 = sum;

        sum = (c + d) | 0;
        c1 = (c1 + d1 + carry(sum, c)) | 0;
        c = sum;
        let d0 = ((d << 16) | (d1 >>> 16)) ^ c;
        d1 = ((d1 << 16) | (d >>> 16)) ^ c1;
        d = d0;

        sum = (a + d) | 0;
        a1 = (a1 + d1 + carry(sum, a)) | 0;
        a = sum;
        d0 = ((d << 21) | (d1 >>> 11)) ^ a;
        d1 = ((d1 << 21) | (d >>> 11)) ^ a1;
        d = d0;

        sum = (c + b) | 0;
        c1 = (c1 + b1 + carry(sum, c)) | 0;
        const b2 = ((b << 17) | (b1 >>> 15)) ^ sum;
        b1 = ((b1 << 17) | (b >>> 15)) ^ c1;
        b = b2;
        c = c1;
        c1 = sum;
      }
      a ^= low;
      a1 ^= high;
    }
    if (isEnd) {
      this.low = a ^ b ^ c ^ d;
      this.high = a1 ^ b1 ^ c1 ^ d1;
      return;
    }
    v[0] = a;
    v[1] = a1;
    v[2] = b;
    v[3] = b1;
    v[4] = c;
    v[5] = c1;
    v[6] = d;
    v[7] = d1;
  }
}

/** Of two lower halves, of which `sum` is the sum and `one` the one. */
function carry(sum: number, one: number): number {
  return sum >>> 0 < one >>> 0 ? 1 : 0;
}
