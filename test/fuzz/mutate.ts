import fc from "fast-check";

/** Bytes that mean something to one of our readers: varints at their limits, tags, brackets, gzip's and zstd's heads. */
const pieces: readonly Buffer[] = [
  Buffer.of(0xff, 0xff, 0xff, 0xff, 0x0f),
  Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01),
  Buffer.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00),
  Buffer.of(0x0a, 0xff, 0xff, 0xff, 0x7f),
  Buffer.of(0x0b),
  Buffer.of(0x0c),
  Buffer.of(0x00),
  Buffer.of(0x1f, 0x8b, 0x08),
  Buffer.of(0x28, 0xb5, 0x2f, 0xfd),
  Buffer.from("[".repeat(200)),
  Buffer.from('{"a":'.repeat(100)),
  Buffer.from('"__proto__":{"polluted":1},'),
  Buffer.from('"resourceSpans":[null,1,{}],'),
  Buffer.from("1e400"),
  Buffer.from("-9223372036854775809"),
  Buffer.from("\\ud800"),
  Buffer.from("null"),
  Buffer.of(0xc3, 0x28),
  Buffer.of(0xed, 0xa0, 0x80),
];

/** Where: a share of the length, so that a change means the same for bodies of any length. */
const where = fc.double({ min: 0, max: 1, noNaN: true });

type Change = (body: Buffer) => Buffer;

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(where, fc.nat(255)).map(([at, byte]) => (body: Buffer) => {
    const copy = Buffer.from(body);
    if (copy.length > 0) copy[Math.floor(at * (copy.length - 1))]! ^= byte;
    return copy;
  }),
  where.map((at) => (body: Buffer) => body.subarray(0, at * body.length)),
  where.map((at) => (body: Buffer) => body.subarray(at * body.length)),
  fc.tuple(where, fc.constantFrom(...pieces)).map(([at, piece]) => (body: Buffer) => {
    const middle = Math.floor(at * body.length);
    return Buffer.concat([body.subarray(0, middle), piece, body.subarray(middle)]);
  }),
  fc.tuple(where, where, fc.integer({ min: 2, max: 20 })).map(([a, b, times]) => (body: Buffer) => {
    const [from, to] = [Math.min(a, b) * body.length, Math.max(a, b) * body.length];
    const again = Array.from({ length: times }, () => body.subarray(from, to));
    return Buffer.concat([body.subarray(0, from), ...again, body.subarray(to)]).subarray(0, 65_536);
  }),
);

/** A body with up to four changes; one in ten is left as it is. */
export function mutated(body: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const changes = fc.oneof(
    { arbitrary: fc.constant([]), weight: 1 },
    { arbitrary: fc.array(change, { minLength: 1, maxLength: 4 }), weight: 9 },
  );
  return fc
    .tuple(body, changes)
    .map(([start, list]) => list.reduce((changed, apply) => apply(changed), start));
}
