import fc from "fast-check";
import { expect, test } from "vitest";
import { SpanBuffer } from "../../agent/export/span-buffer.ts";
import { toRequestParts } from "../../agent/export/span-chunk.ts";
import { ActiveContext } from "../../agent/tracing/active-context.ts";
import { AlikeSpans } from "../../agent/tracing/alike-spans.ts";
import { AttributeKey } from "../../agent/tracing/attribute-key.ts";
import type { AttributeWriter } from "../../agent/tracing/attribute-writer.ts";
import type { RecordedSpan, SpanDetail } from "../../agent/tracing/recorded-span.ts";
import { createSampler } from "../../agent/tracing/sampler.ts";
import { Tracing } from "../../agent/tracing/tracing.ts";
import { decodeOtlp } from "../support/decode-otlp.ts";
import { keepChunks } from "../support/keep-chunks.ts";

const key = {
  system: new AttributeKey("db.system.name"),
  agent: new AttributeKey("user_agent.original"),
  path: new AttributeKey("url.path"),
  url: new AttributeKey("url.full"),
  rows: new AttributeKey("db.response.returned_rows"),
  wait: new AttributeKey("culprit.pool.wait_ms"),
  hit: new AttributeKey("culprit.cache.hit"),
  hash: new AttributeKey("culprit.params_hash"),
};

interface Call {
  readonly name: string;
  readonly isChild: boolean;
  /** Of the application's own making; "" for none. */
  readonly system: string;
  readonly agent?: string;
  readonly path?: string;
  readonly rows?: number;
  readonly wait?: number;
  readonly hit?: boolean;
  readonly hash?: readonly [number, number];
}

const word = fc.nat(2 ** 32 - 1);
/** Which attributes a call has; few kinds, so that they come again and again. */
const kind = fc.record({
  name: fc.constantFrom("SELECT items", "SELECT orders"),
  isChild: fc.boolean(),
  has: fc.uniqueArray(fc.constantFrom("agent", "path", "rows", "wait", "hit", "hash")),
});
const values = fc.record({
  kind: fc.nat(2),
  system: fc.constantFrom("", "", "", "mine"),
  agent: fc.constantFrom("curl", "curl", "wget", "ü".repeat(200)),
  path: fc.string({ unit: "binary", maxLength: 80 }),
  rows: fc.oneof({ weight: 4, arbitrary: fc.nat(2 ** 28) }, fc.nat(2 ** 40)),
  wait: fc.double({ noNaN: true }),
  hit: fc.boolean(),
  hash: fc.tuple(word, word),
});
const calls = fc
  .tuple(fc.array(kind, { minLength: 3, maxLength: 3 }), fc.array(values, { maxLength: 80 }))
  .map(([kinds, all]) =>
    all.map(({ kind, system, ...value }): Call => {
      const { name, isChild, has } = kinds[kind]!;
      const own = Object.fromEntries(
        Object.entries(value).filter(([name]) => has.includes(name as keyof typeof value)),
      );
      return { name, isChild, system, ...own };
    }),
  );

const shared = {
  write: (writer: AttributeWriter) => writer.known(key.system, "postgresql"),
  bytes: undefined,
};

/** As an instrumentation would: what is not known of a call is left out. */
function toDetail(call: Call, alike: AlikeSpans): SpanDetail {
  const { agent, path, rows, wait, hit, hash } = call;
  return {
    alike,
    write(writer) {
      writer.kept(shared);
      if (agent !== undefined) writer.known(key.agent, agent);
      if (path !== undefined) writer.text(key.path, path);
      if (rows !== undefined) writer.integer(key.rows, rows);
      if (path !== undefined) writer.joined(key.url, "http://shop", path);
      if (wait !== undefined) writer.double(key.wait, wait);
      if (hit !== undefined) writer.flag(key.hit, hit);
      if (hash !== undefined) writer.hex(key.hash, hash[0], hash[1]);
    },
  };
}

function toAttributes({ system, agent, path, rows, wait, hit, hash }: Call) {
  const all = {
    "db.system.name": system || "postgresql",
    "user_agent.original": agent,
    "url.path": path?.toWellFormed(),
    "url.full": path === undefined ? undefined : `http://shop${path.toWellFormed()}`,
    "db.response.returned_rows": rows,
    "culprit.pool.wait_ms": wait,
    "culprit.cache.hit": hit,
    "culprit.params_hash": hash?.map((word) => word.toString(16).padStart(8, "0")).join(""),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Spans of these calls as they were made, and as they leave the process. */
function send(calls: readonly Call[], bufferBytes: number) {
  const sink = keepChunks();
  const options = { spansMax: 512, delayMs: 60_000 };
  const buffer = new SpanBuffer(sink, Buffer.alloc(bufferBytes), options);
  const tracing = new Tracing(buffer, createSampler("always_on", 1), "1");
  const parent = new ActiveContext(tracing.startSpan(undefined, "GET /orders", 2));
  const alike = new AlikeSpans();
  const sent = calls.map((call, i) => {
    const span = tracing.startSpan(call.isChild ? parent : undefined, call.name, 3);
    span.detail = toDetail(call, alike);
    if (call.system !== "") span.setAttribute("db.system.name", call.system);
    span.endAt(span.startMs + i);
    return { span, call };
  });
  buffer.handOver();
  const bodies = sink.chunks.map((chunk) => Buffer.concat(toRequestParts(chunk, new Uint8Array())));
  return { sent, decoded: bodies.flatMap(decodeOtlp), alike };
}

test("spans that are copied from a template have their own ids, times and attributes", () => {
  const bufferBytes = fc.constantFrom(2_048, 64 * 1024);
  fc.assert(
    fc.property(calls, bufferBytes, (calls, bufferBytes) => {
      const { sent, decoded } = send(calls, bufferBytes);
      expect(decoded).toHaveLength(sent.length);
      for (const [i, { span, call }] of sent.entries()) {
        const { traceId, spanId, startMs, endMs, attributes, parentSpanId, name } = decoded[i]!;
        expect({ traceId, spanId }).toMatchObject(toIds(span));
        expect(parentSpanId !== "").toBe(call.isChild);
        expect(name).toBe(call.name);
        expect(startMs).toBeCloseTo(span.startMs, 3);
        expect(endMs).toBeCloseTo(span.endMs, 3);
        expect(attributes).toEqual(toAttributes(call));
      }
    }),
    { numRuns: 100 },
  );
});

function toIds(span: RecordedSpan) {
  const { traceId, spanId } = span.spanContext();
  return { traceId, spanId };
}

test("a template is made of the third of some alike spans, and without what differs between them", () => {
  const call: Call = { name: "SELECT items", isChild: false, system: "", agent: "curl", rows: 1 };
  expect(send([call, call], 4_096).alike.templates).toHaveLength(0);
  const known = send([call, call, call, call], 4_096).alike;
  expect(known.templates).toHaveLength(1);
  expect(known.strangers).toBe(3);
  const other = { ...call, agent: "wget" };
  const varying = send([call, call, call, other, other, call], 4_096).alike;
  expect([...varying.varying]).toEqual([key.agent]);
  expect(varying.templates).toHaveLength(1);
  expect(varying.strangers).toBe(4);
});

test("spans that are alike in nothing are given up", () => {
  const kinds = Array.from({ length: 40 }, (_, i) => ({ name: `SELECT ${i}`, isChild: false }));
  const { alike, decoded } = send(
    kinds.map((kind) => ({ ...kind, system: "" })),
    4_096,
  );
  expect(decoded).toHaveLength(40);
  expect(alike.templates).toHaveLength(4);
});
