import fc from "fast-check";
import { expect, test } from "vitest";
import { SpanBuffer } from "../../agent/export/span-buffer.ts";
import { toRequestParts } from "../../agent/export/span-chunk.ts";
import { HttpTargets } from "../../agent/instrumentations/http-targets.ts";
import { writeServiceHead } from "../../agent/instrumentations/known-heads.ts";
import { createSampler } from "../../agent/tracing/sampler.ts";
import { Tracing } from "../../agent/tracing/tracing.ts";
import { decodeOtlp } from "../support/decode-otlp.ts";
import { keepChunks } from "../support/keep-chunks.ts";

const method = fc.constantFrom("GET", "POST", "QUERY");
const host = fc.nat(40).map((i) => `shop-${i}.example`);
const call = fc.record({ method, host, isOverridden: fc.boolean() });

/** What is decoded of a span for a request that came in and one for a request that went out, for each call. */
function send(calls: readonly { method: string; host: string; isOverridden: boolean }[]) {
  const sink = keepChunks();
  const options = { spansMax: 512, delayMs: 60_000 };
  const buffer = new SpanBuffer(sink, Buffer.alloc(64 * 1024), options);
  const tracing = new Tracing(buffer, createSampler("always_on", 1), "1");
  const targets = new HttpTargets("http");
  for (const { method, host, isOverridden } of calls) {
    const server = tracing.startSpan(undefined, method, 2);
    const head = { method, host: `${host}:80`, scheme: "http", httpVersion: "1.1" } as const;
    server.detail = { write: (writer) => writeServiceHead(writer, head) };
    const client = tracing.startSpan(undefined, method, 3);
    client.detail = { write: (writer) => writer.kept(targets.of(method, `http://${host}:81`)) };
    for (const span of [server, client]) {
      if (isOverridden) span.setAttribute("server.address", "mine");
      span.end();
    }
  }
  buffer.handOver();
  return sink.chunks
    .flatMap((chunk) => decodeOtlp(Buffer.concat(toRequestParts(chunk, new Uint8Array()))))
    .map(({ attributes }) => [
      attributes["http.request.method"],
      attributes["server.address"],
      attributes["server.port"],
    ]);
}

test("attributes that are encoded once are those of each span's own service and method", () => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
      const expected = calls.flatMap(({ method, host, isOverridden }) =>
        [80, 81].map((port) => [method, isOverridden ? "mine" : host, port]),
      );
      expect(send(calls)).toEqual(expected);
    }),
    { numRuns: 30 },
  );
});
