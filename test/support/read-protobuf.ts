/** The fields of a protobuf message by number: integers, or bytes. Written apart from what it checks. */
export function readProtobuf(bytes: Uint8Array): Map<number, (bigint | Buffer)[]> {
  const fields = new Map<number, (bigint | Buffer)[]>();
  let at = 0;
  const readVarint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error("a message is cut off");
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(readVarint());
    if ((tag & 7) === 0) add(tag >> 3, readVarint());
    else if ((tag & 7) === 2) {
      const length = Number(readVarint());
      add(tag >> 3, Buffer.from(bytes.subarray(at, at + length)));
      at += length;
    } else {
      const length = fixedBytes[tag & 7];
      if (length === undefined) throw new Error(`wire type ${tag & 7} is not known`);
      add(tag >> 3, Buffer.from(bytes.subarray(at, at + length)));
      at += length;
    }
  }
  return fields;

  function add(field: number, value: bigint | Buffer): void {
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
}

/** By wire type. */
const fixedBytes: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** A `google.rpc.Status` in protobuf. */
export function readStatus(bytes: Uint8Array) {
  const fields = readProtobuf(bytes);
  const details = (fields.get(3) ?? []).map((any) => {
    const parts = readProtobuf(any as Buffer);
    const [type, value = Buffer.alloc(0)] = [parts.get(1)?.[0], parts.get(2)?.[0]];
    return [String(type).replace("type.googleapis.com/google.rpc.", ""), value as Buffer] as const;
  });
  const { RetryInfo: retryInfo, BadRequest: badRequest } = Object.fromEntries(details);
  return {
    code: Number(fields.get(1)?.[0] ?? 0),
    message: String(fields.get(2)?.[0] ?? ""),
    retryAfterS: retryInfo && Number(field(field(retryInfo, 1), 1)),
    violation: badRequest && String(field(field(badRequest, 1), 2)),
  };
}

/** The `partial_success` of an answer; undefined when it is unset. */
export function readPartialSuccess(bytes: Uint8Array) {
  const partial = readProtobuf(bytes).get(1)?.[0];
  if (partial === undefined) return undefined;
  return {
    rejected: Number(field(partial, 1) ?? 0),
    message: String(field(partial, 2) ?? ""),
  };
}

function field(message: bigint | Buffer | undefined, number: number): bigint | Buffer | undefined {
  return message instanceof Buffer ? readProtobuf(message).get(number)?.[0] : undefined;
}
