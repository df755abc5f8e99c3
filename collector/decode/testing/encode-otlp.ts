import type { Envelope } from "./envelope.ts";
import type { OtlpAttribute, OtlpRequest, OtlpSpan, OtlpValue } from "./otlp-model.ts";

/** Encodes a request as OTLP protobuf, field by field; written apart from the decoder, so that the two can disagree. */
export function encodeOtlp(request: OtlpRequest, scopesField = 2): Buffer {
  return Buffer.concat(
    request.resourceSpans.map(({ resource, scopeSpans }) =>
      message(1, [
        ...(resource === undefined ? [] : [message(1, attributes(1, resource.attributes))]),
        ...scopeSpans.map(({ scope, spans }) =>
          message(scopesField, [
            ...(scope === undefined
              ? []
              : [
                  message(1, [
                    text(1, scope.name),
                    text(2, scope.version),
                    ...attributes(3, scope.attributes),
                  ]),
                ]),
            ...spans.map((span) => message(2, encodeSpan(span))),
          ]),
        ),
      ]),
    ),
  );
}

function encodeSpan(span: OtlpSpan): Buffer[] {
  return [
    bytes(1, Buffer.from(span.traceId, "hex")),
    bytes(2, Buffer.from(span.spanId, "hex")),
    text(3, span.traceState ?? ""),
    bytes(4, Buffer.from(span.parentSpanId ?? "", "hex")),
    text(5, span.name ?? ""),
    varint(6, BigInt(span.kind ?? 0)),
    fixed64(7, BigInt(span.startTimeUnixNano)),
    fixed64(8, BigInt(span.endTimeUnixNano)),
    ...attributes(9, span.attributes ?? []),
    varint(10, BigInt(span.droppedAttributesCount ?? 0)),
    ...(span.events ?? []).map((event) =>
      message(11, [
        fixed64(1, BigInt(event.timeUnixNano)),
        text(2, event.name),
        ...attributes(3, event.attributes),
      ]),
    ),
    varint(12, BigInt(span.droppedEventsCount ?? 0)),
    ...(span.links ?? []).map((link) =>
      message(13, [
        bytes(1, Buffer.from(link.traceId, "hex")),
        bytes(2, Buffer.from(link.spanId, "hex")),
        text(3, link.traceState),
        ...attributes(4, link.attributes),
      ]),
    ),
    varint(14, BigInt(span.droppedLinksCount ?? 0)),
    message(15, [text(2, span.status?.message ?? ""), varint(3, BigInt(span.status?.code ?? 0))]),
    fixed32(16, span.flags ?? 0),
  ];
}

/** A request of any signal, whose items are message fields of number 2. */
export function encodeEnvelope<Item>(
  envelope: Envelope<Item>,
  encodeItem: (item: Item) => Buffer[],
): Buffer {
  return Buffer.concat(
    envelope.map(({ resource, scopes }) =>
      message(1, [
        message(1, attributes(1, resource)),
        ...scopes.map(({ scope, items }) =>
          message(2, [
            message(1, [
              text(1, scope.name),
              text(2, scope.version),
              ...attributes(3, scope.attributes),
            ]),
            ...items.map((item) => message(2, encodeItem(item))),
          ]),
        ),
      ]),
    ),
  );
}

export function attributes(field: number, list: readonly OtlpAttribute[]): Buffer[] {
  return list.map((item) =>
    message(field, [text(1, item.key), message(2, encodeValue(item.value))]),
  );
}

export function encodeValue(value: OtlpValue): Buffer[] {
  if ("stringValue" in value) return [text(1, value.stringValue as string)];
  if ("boolValue" in value) return [varint(2, value.boolValue ? 1n : 0n)];
  if ("intValue" in value) return [varint(3, BigInt(value.intValue as string))];
  if ("doubleValue" in value) return [double(4, value.doubleValue as number | string)];
  if ("bytesValue" in value) return [bytes(7, Buffer.from(value.bytesValue as string, "base64"))];
  if ("arrayValue" in value) {
    const { values } = value.arrayValue as { values: readonly OtlpValue[] };
    return [
      message(
        5,
        values.map((item) => message(1, encodeValue(item))),
      ),
    ];
  }
  if ("kvlistValue" in value) {
    const { values } = value.kvlistValue as { values: readonly OtlpAttribute[] };
    return [message(6, attributes(1, values))];
  }
  return [];
}

export function message(field: number, parts: readonly Buffer[]): Buffer {
  return bytes(field, Buffer.concat(parts));
}

export function bytes(field: number, content: Buffer): Buffer {
  return Buffer.concat([tag(field, 2), toVarint(BigInt(content.length)), content]);
}

export function varint(field: number, value: bigint): Buffer {
  return Buffer.concat([tag(field, 0), toVarint(BigInt.asUintN(64, value))]);
}

export function text(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value));
}

export function double(field: number, value: number | string): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleLE(Number(value));
  return Buffer.concat([tag(field, 1), buffer]);
}

export function fixed64(field: number, value: bigint): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(value);
  return Buffer.concat([tag(field, 1), buffer]);
}

export function fixed32(field: number, value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return Buffer.concat([tag(field, 5), buffer]);
}

function tag(field: number, wireType: number): Buffer {
  return toVarint(BigInt(field * 8 + wireType));
}

function toVarint(value: bigint): Buffer {
  const out: number[] = [];
  let rest = value;
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...out, Number(rest)]);
}
