type AttributeValue = string | number | boolean | undefined;

export interface DecodedSpan {
  readonly name: string;
  /** OTLP's number: 2 server, 3 client. */
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  /** "" of a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Whether its status is an error. */
  readonly isError: boolean;
  readonly scope: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly events: readonly {
    readonly name: string;
    readonly attributes: Readonly<Record<string, AttributeValue>>;
  }[];
  readonly resource: Readonly<Record<string, AttributeValue>>;
}

/** A message of protobuf: its fields by number, each a list, as bytes or as numbers. */
type Message = ReadonlyMap<number, readonly (Buffer | bigint)[]>;

/** The spans of an OTLP/protobuf request, read in the plainest way. Throws when the body is no such thing. */
export function decodeOtlp(body: Buffer): DecodedSpan[] {
  return messages(decode(body), 1).flatMap((resourceSpans) => {
    const resource = attributesOf(messages(resourceSpans, 1)[0]!, 1);
    return messages(resourceSpans, 2).flatMap((scopeSpans) => {
      const scope = text(messages(scopeSpans, 1)[0]!, 1);
      return messages(scopeSpans, 2).map((span) => ({ ...toSpan(span), scope, resource }));
    });
  });
}

export interface DecodedLog {
  readonly eventName: string;
  readonly body: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly timeMs: number;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly resource: Readonly<Record<string, AttributeValue>>;
}

/** The log records of an OTLP/protobuf request; bodies are text. Throws when the body is no such thing. */
export function decodeOtlpLogs(body: Buffer): DecodedLog[] {
  return messages(decode(body), 1).flatMap((resourceLogs) => {
    const resource = attributesOf(messages(resourceLogs, 1)[0]!, 1);
    return messages(resourceLogs, 2).flatMap((scopeLogs) =>
      messages(scopeLogs, 2).map((log) => ({
        eventName: text(log, 12),
        body: text(messages(log, 5)[0]!, 1),
        traceId: bytes(log, 9).toString("hex"),
        spanId: bytes(log, 10).toString("hex"),
        timeMs: Number(number(log, 1)) / 1e6,
        attributes: attributesOf(log, 6),
        resource,
      })),
    );
  });
}

function toSpan(span: Message) {
  const status = messages(span, 15)[0];
  return {
    traceId: bytes(span, 1).toString("hex"),
    spanId: bytes(span, 2).toString("hex"),
    traceState: text(span, 3),
    parentSpanId: bytes(span, 4).toString("hex"),
    name: text(span, 5),
    kind: Number(number(span, 6)),
    startMs: Number(number(span, 7)) / 1e6,
    endMs: Number(number(span, 8)) / 1e6,
    attributes: attributesOf(span, 9),
    events: messages(span, 11).map((event) => ({
      name: text(event, 2),
      attributes: attributesOf(event, 3),
    })),
    isError: status !== undefined && number(status, 3) === 2n,
  };
}

function attributesOf(message: Message, field: number): Record<string, AttributeValue> {
  const pairs = messages(message, field).map((pair) => [
    text(pair, 1),
    anyValueOf(messages(pair, 2)[0]!),
  ]);
  return Object.fromEntries(pairs);
}

/** Lists are joined: what is compared are primitives. */
function anyValueOf(any: Message): AttributeValue {
  if (any.has(1)) return text(any, 1);
  if (any.has(2)) return number(any, 2) === 1n;
  if (any.has(3)) return Number(BigInt.asIntN(64, number(any, 3)));
  if (any.has(4)) return doubleOf(number(any, 4));
  const list = messages(any, 5)[0];
  return list && messages(list, 1).map(anyValueOf).join();
}

function doubleOf(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

function messages(message: Message, field: number): Message[] {
  return (message.get(field) ?? []).map((value) => decode(value as Buffer));
}

function bytes(message: Message, field: number): Buffer {
  return (message.get(field)?.[0] as Buffer | undefined) ?? Buffer.alloc(0);
}

function text(message: Message, field: number): string {
  return bytes(message, field).toString("utf8");
}

function number(message: Message, field: number): bigint {
  return (message.get(field)?.[0] as bigint | undefined) ?? 0n;
}

function decode(body: Buffer): Message {
  const fields = new Map<number, (Buffer | bigint)[]>();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = body[at++];
      if (byte === undefined) throw new Error("the message ends within a number");
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number) => {
    if (at + length > body.length) throw new Error("a field runs past the end of its message");
    at += length;
    return body.subarray(at - length, at);
  };
  while (at < body.length) {
    const tag = Number(varint());
    const values = fields.get(tag >> 3) ?? [];
    fields.set(tag >> 3, values);
    const wireType = tag & 7;
    if (wireType === 0) values.push(varint());
    else if (wireType === 1) values.push(take(8).readBigUInt64LE());
    else if (wireType === 5) values.push(BigInt(take(4).readUInt32LE()));
    else if (wireType === 2) values.push(take(Number(varint())));
    else throw new Error(`wire type ${wireType}`);
  }
  return fields;
}
