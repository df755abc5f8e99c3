import { isProxy } from "node:util/types";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SpanBuffer } from "../export/span-buffer.ts";
import { createSampler } from "./sampler.ts";
import { Tracing } from "./tracing.ts";

const fail = () => {
  throw new Error("not for you");
};

/** Objects that throw when they are looked at, in one way or another; made when they are needed, so that nobody else looks. */
const hostile = fc.constantFrom<() => unknown>(
  () => new Proxy({}, { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail }),
  () => new Proxy([], { get: fail }),
  () => new Proxy(() => undefined, { get: fail, apply: fail }),
  () => Object.defineProperty({}, "key", { enumerable: true, get: fail }),
  () => Object.defineProperty(new Error("no"), "message", { get: fail }),
  () => ({ toString: fail, valueOf: fail, [Symbol.toPrimitive]: fail }),
  () => Object.freeze(Object.create(null)),
  () => Symbol("s"),
);
const anything = fc.oneof(
  hostile,
  fc.anything().map((value) => () => value),
  fc.array(hostile, { maxLength: 2 }).map((makers) => () => makers.map((make) => make())),
);

function createTracing() {
  const chunks: number[] = [];
  const sink = {
    hasRoom: true,
    take: ({ spans }: { readonly spans: number }) => chunks.push(spans) > 0,
  };
  const buffer = new SpanBuffer(sink, Buffer.alloc(64_000), { spansMax: 1_000, delayMs: 60_000 });
  return { buffer, chunks, tracing: new Tracing(buffer, createSampler("always_on", 1), "1") };
}

test("a span takes whatever an application hands it, and throws nothing", () => {
  const { buffer, tracing } = createTracing();
  const tracer = tracing.getTracer("shop");
  const calls = fc.array(fc.tuple(fc.nat(9), anything, anything, anything), { maxLength: 12 });
  fc.assert(
    fc.property(anything, anything, calls, (name, options, all) => {
      const span = tracer.startSpan(name() as string, options() as never);
      for (const [method, a, b, c] of all) {
        const [one, two, three] = [a(), b(), c()] as [never, never, never];
        const methods = [
          () => span.setAttribute(one, two),
          () => span.setAttributes(one),
          () => span.addEvent(one, two, three),
          () => span.addLink(one),
          () => span.addLinks(one),
          () => span.setStatus(one),
          () => span.updateName(one),
          () => span.recordException(one, two),
          () => span.isRecording(),
          () => span.end(one),
        ];
        methods[method]!();
      }
      span.end();
      buffer.handOver();
    }),
    { numRuns: 500 },
  );
});

test("a span that can't be written is left out, and the others are not", () => {
  const { buffer, chunks, tracing } = createTracing();
  const tracer = tracing.getTracer("shop");
  const list = new Proxy([], { get: fail });
  expect(isProxy(list)).toBe(true);
  tracer.startSpan("before").end();
  tracer.startSpan("broken", { attributes: { list } }).end();
  tracer.startSpan("after").end();
  buffer.handOver();
  expect(chunks).toEqual([2]);
});
