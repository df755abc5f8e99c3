import { type Attribute, type AttributeValue, resources, scopes } from "./shop.ts";
import type { CorpusSpan } from "./trace-source.ts";

/** A request of OTLP in protobuf, and where in it the things stand that make each sending of it another one. */
export interface EncodedBody {
  readonly bytes: Buffer;
  readonly spans: number;
  /** Offsets of trace ids (16 bytes), of span ids, own and parents' (8 bytes), of ids in hex (16 characters), of times. */
  readonly traceIds: readonly number[];
  readonly spanIds: readonly number[];
  readonly hexIds: readonly number[];
  readonly times: readonly number[];
}

/** Spans of one process, as an SDK's batch; `originNs` is when the corpus begins, Unix nanoseconds. */
export function encodeBody(spans: readonly CorpusSpan[], originNs: bigint): EncodedBody {
  const encoder = new Encoder(originNs);
  const byScope = Map.groupBy(spans, ({ scope }) => scope);
  encoder.message(1, () => {
    encoder.message(1, () => {
      for (const attribute of resources[spans[0]!.resource]!) encoder.attribute(1, attribute);
    });
    for (const [scope, spansOfScope] of byScope) {
      encoder.message(2, () => {
        const [name, version] = scopes[scope]!;
        encoder.message(1, () => {
          encoder.text(1, name);
          encoder.text(2, version);
        });
        for (const span of spansOfScope) encoder.message(2, () => encoder.span(span));
      });
    }
  });
  return encoder.toBody(spans.length);
}

/** Field numbers are those of opentelemetry/proto/trace/v1/trace.proto. */
class Encoder {
  readonly #originNs: bigint;
  readonly #places = {
    traceIds: [] as number[],
    spanIds: [] as number[],
    hexIds: [] as number[],
    times: [] as number[],
  };
  #bytes = Buffer.allocUnsafe(1 << 20);
  #end = 0;

  constructor(originNs: bigint) {
    this.#originNs = originNs;
  }

  toBody(spans: number): EncodedBody {
    return { bytes: Buffer.from(this.#bytes.subarray(0, this.#end)), spans, ...this.#places };
  }

  span(span: CorpusSpan): void {
    this.#id(1, span.traceId, this.#places.traceIds);
    this.#id(2, span.spanId, this.#places.spanIds);
    if (span.parentSpanId) this.#id(4, span.parentSpanId, this.#places.spanIds);
    this.text(5, span.name);
    this.#varintField(6, span.kind);
    this.#time(7, span.startNs);
    this.#time(8, span.startNs + span.durationNs);
    for (const attribute of span.attributes) this.attribute(9, attribute);
    if (span.exception) this.#exception(span, span.exception);
    this.message(15, () => {
      if (span.hasError) this.#varintField(3, 2);
    });
    this.#room(6);
    this.#varint((16 << 3) | 5);
    this.#end = this.#bytes.writeUInt32LE(257, this.#end);
  }

  #exception(span: CorpusSpan, [type, message]: readonly [string, string]): void {
    const stack = `${type}: ${message}\n    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)\n    at async handle (/app/dist/handlers/orders.js:17:11)\n    at async Layer.handle (/app/node_modules/express/lib/router/layer.js:95:5)`;
    this.message(11, () => {
      this.#time(1, span.startNs + span.durationNs);
      this.text(2, "exception");
      this.attribute(3, ["exception.type", type]);
      this.attribute(3, ["exception.message", message]);
      this.attribute(3, ["exception.stacktrace", stack]);
    });
  }

  attribute(field: number, [key, value]: Attribute): void {
    this.message(field, () => {
      this.text(1, key);
      this.message(2, () => this.#value(value));
      if (key === "request.id") this.#places.hexIds.push(this.#end - 16);
    });
  }

  #value(value: AttributeValue): void {
    if (typeof value === "string") this.text(1, value);
    else if (typeof value === "boolean") this.#varintField(2, Number(value));
    else if (Number.isInteger(value)) this.#varintField(3, value);
    else {
      this.#room(10);
      this.#varint((4 << 3) | 1);
      this.#end = this.#bytes.writeDoubleLE(value, this.#end);
    }
  }

  text(field: number, text: string): void {
    const length = Buffer.byteLength(text);
    this.#room(length + 10);
    this.#varint((field << 3) | 2);
    this.#varint(length);
    this.#end += this.#bytes.write(text, this.#end);
  }

  /** The length is written behind: messages of over 127 bytes move by a byte or two. */
  message(field: number, write: () => void): void {
    this.#room(10);
    this.#varint((field << 3) | 2);
    const lengthAt = this.#end;
    const marks = Object.values(this.#places).map((offsets) => offsets.length);
    this.#end += 1;
    write();
    const length = this.#end - lengthAt - 1;
    const more = length < 1 << 7 ? 0 : length < 1 << 14 ? 1 : length < 1 << 21 ? 2 : 3;
    if (more > 0) this.#shift(lengthAt + 1, more, marks);
    const end = this.#end;
    this.#end = lengthAt;
    this.#varint(length);
    this.#end = end;
  }

  #shift(from: number, by: number, marks: readonly number[]): void {
    this.#room(by);
    this.#bytes.copyWithin(from + by, from, this.#end);
    this.#end += by;
    for (const [i, offsets] of Object.values(this.#places).entries()) {
      for (let k = marks[i]!; k < offsets.length; k++) offsets[k]! += by;
    }
  }

  #id(field: number, id: Buffer, offsets: number[]): void {
    this.#room(id.length + 2);
    this.#varint((field << 3) | 2);
    this.#varint(id.length);
    offsets.push(this.#end);
    this.#end += id.copy(this.#bytes, this.#end);
  }

  #time(field: number, ns: number): void {
    this.#room(9);
    this.#varint((field << 3) | 1);
    this.#places.times.push(this.#end);
    this.#end = this.#bytes.writeBigUInt64LE(this.#originNs + BigInt(ns), this.#end);
  }

  #varintField(field: number, value: number): void {
    this.#room(15);
    this.#varint(field << 3);
    this.#varint(value);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.#end++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#end++] = rest;
  }

  #room(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * this.#bytes.length + bytes);
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}
