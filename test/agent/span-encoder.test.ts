import type { Span } from "@opentelemetry/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SpanBuffer } from "../../agent/export/span-buffer.ts";
import { toRequestParts } from "../../agent/export/span-chunk.ts";
import { createSampler } from "../../agent/tracing/sampler.ts";
import { Tracing } from "../../agent/tracing/tracing.ts";
import { defaultDecodeLimits } from "../../collector/decode/decode-limits.ts";
import { decodeOtlp as decodeAsCollector } from "../../collector/decode/decode-otlp.ts";
import { decodeOtlp } from "../support/decode-otlp.ts";
import { keepChunks } from "../support/keep-chunks.ts";

/** Everything that spans of `record` become on the wire; buffers are small, so that many are filled. */
function encode(record: (tracing: Tracing) => void, bufferBytes = 4_096, spansMax = 100): Buffer[] {
  const sink = keepChunks();
  const buffer = new SpanBuffer(sink, Buffer.alloc(bufferBytes), {
    spansMax,
    delayMs: 60_000,
  });
  record(new Tracing(buffer, createSampler("always_on", 1), "1"));
  buffer.handOver();
  return sink.chunks.map((chunk) => Buffer.concat(toRequestParts(chunk, new Uint8Array())));
}

const decodeAll = (bodies: Buffer[]) => bodies.flatMap(decodeOtlp);

const value = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noInteger: true }),
);

describe("span encoder", () => {
  it("writes what a decoder reads: names, ids, attributes, events, scopes", () => {
    const attributes = fc.dictionary(fc.string({ minLength: 1, maxLength: 40 }), value, {
      maxKeys: 8,
    });
    const span = fc.record({ name: fc.string({ maxLength: 60 }), attributes, scope: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 30 }), (spans) => {
        const recorded: Span[] = [];
        const bodies = encode((tracing) => {
          for (const { name, attributes, scope } of spans) {
            const made = tracing
              .getTracer(`scope ${scope}`)
              .startSpan(name, { attributes, root: true });
            made.addEvent("happened", attributes);
            made.end();
            recorded.push(made);
          }
        }, 64_000);
        const expected = spans.map(({ name, attributes, scope }, i) => ({
          name,
          attributes: toRecord(attributes),
          scope: `scope ${scope}`,
          traceId: recorded[i]!.spanContext().traceId,
          spanId: recorded[i]!.spanContext().spanId,
          events: [{ name: "happened", attributes: toRecord(attributes) }],
        }));
        const decoded = new Map(decodeAll(bodies).map((it) => [it.spanId, it]));
        expect(decoded.size).toBe(spans.length);
        for (const it of expected) expect(decoded.get(it.spanId)).toMatchObject(it);
      }),
      { numRuns: 40 },
    );
  });

  it("is understood by the collector", () => {
    const [body] = encode((tracing) => {
      const tracer = tracing.getTracer("shop", "2");
      const parent = tracer.startSpan("GET /orders", { kind: 1 });
      parent.setAttributes({
        "http.request.method": "GET",
        "http.route": "/orders",
        list: ["a", "b"],
      });
      parent.setStatus({ code: 2, message: "no" });
      parent.end();
    });
    const timeMs = Date.now();
    const context = {
      receivedMs: timeMs,
      acceptFromMs: timeMs - 60_000,
      acceptToMs: timeMs + 60_000,
      limits: defaultDecodeLimits,
    };
    expect(decodeAsCollector("traces", body!, "protobuf", context)).toMatchObject({ rows: 1 });
  });
});

describe("span buffer", () => {
  it("hands buffers over when they are full, and loses no span on the way", () => {
    const bodies = encode((tracing) => {
      const tracer = tracing.getTracer("shop");
      for (let i = 0; i < 200; i += 1) {
        tracer.startSpan(`span ${i}`, { attributes: { text: "x".repeat(i * 3) } }).end();
      }
    });
    expect(bodies.length).toBeGreaterThan(10);
    expect(decodeAll(bodies).map(({ name }) => name)).toEqual(
      Array.from({ length: 200 }, (_, i) => `span ${i}`),
    );
  });

  it("leaves out a span that fits in no buffer, and one whose detail throws", () => {
    const bodies = encode((tracing) => {
      const tracer = tracing.getTracer("shop");
      tracer.startSpan("before").end();
      tracer.startSpan("large", { attributes: { text: "x".repeat(5_000) } }).end();
      const broken = tracing.startSpan(undefined, "broken", 1);
      broken.detail = {
        write(writer) {
          writer.double(undefined as never, 1);
        },
      };
      broken.end();
      tracer.startSpan("after").end();
    });
    expect(decodeAll(bodies).map(({ name }) => name)).toEqual(["before", "after"]);
  });

  it("cuts a text at its limit", () => {
    const [body] = encode(
      (tracing) =>
        tracing
          .getTracer("shop")
          .startSpan("s", { attributes: { text: "€".repeat(50_000) } })
          .end(),
      256 * 1024,
    );
    const text = decodeOtlp(body!)[0]!.attributes.text as string;
    expect(text).toBe("€".repeat(40_000));
  });
});

function toRecord(attributes: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, it]) => [key, it === 0 ? 0 : it]),
  );
}
