/**
 * Messages of protobuf, made from the inside out: a nested message is encoded before its length is written. For what is
 * sent once a minute; spans have an encoder of their own.
 */
const wireType = { varint: 0, fixed64: 1, bytes: 2 } as const;

export function message(...fields: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(fields);
}

export function bytesField(field: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([tag(field, wireType.bytes), varint(bytes.length), bytes]);
}

/** Nothing for an empty text, as proto3 has it. */
export function stringField(field: number, text: string): Uint8Array {
  return text === "" ? new Uint8Array() : bytesField(field, Buffer.from(text));
}

export function varintField(field: number, value: number): Uint8Array {
  return Buffer.concat([tag(field, wireType.varint), varint(value)]);
}

export function doubleField(field: number, value: number): Uint8Array {
  return Buffer.concat([tag(field, wireType.fixed64), doubles([value])]);
}

/** Also `sfixed64`, for numbers from 0 on. */
export function fixed64Field(field: number, value: bigint): Uint8Array {
  return Buffer.concat([tag(field, wireType.fixed64), fixed64s([value])]);
}

/** For packed repeated fields. */
export function doubles(values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [i, value] of values.entries()) bytes.writeDoubleLE(value, i * 8);
  return bytes;
}

/** For packed repeated fields. */
export function fixed64s(values: readonly bigint[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 8);
  for (const [i, value] of values.entries()) bytes.writeBigUInt64LE(value, i * 8);
  return bytes;
}

function tag(field: number, type: number): Uint8Array {
  return varint(field * 8 + type);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Uint8Array.from([...bytes, rest]);
}
