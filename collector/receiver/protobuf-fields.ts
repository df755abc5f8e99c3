/** A field of an answer in protobuf's wire format: an unsigned integer. */
export function varintField(field: number, value: number): Buffer {
  return Buffer.concat([Buffer.of(field << 3), varint(value)]);
}

/** A field that is text, bytes or a message. */
export function bytesField(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of((field << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.from([...bytes, rest]);
}
