import fc from "fast-check";
import { expect, test } from "vitest";
import { createParamsHash, type ParamsHash } from "../../agent/evidence/params-hash.ts";
import { SpanBuffer } from "../../agent/export/span-buffer.ts";
import { toRequestParts } from "../../agent/export/span-chunk.ts";
import { FoldedRepeats } from "../../agent/repeats/folded-repeats.ts";
import { ActiveContext } from "../../agent/tracing/active-context.ts";
import { AttributeKey } from "../../agent/tracing/attribute-key.ts";
import type { AttributeWriter } from "../../agent/tracing/attribute-writer.ts";
import type { RecordedSpan, Repeat } from "../../agent/tracing/recorded-span.ts";
import { createSampler } from "../../agent/tracing/sampler.ts";
import { Tracing } from "../../agent/tracing/tracing.ts";
import { type DecodedSpan, decodeOtlp } from "../support/decode-otlp.ts";
import { keepChunks } from "../support/keep-chunks.ts";

interface CallOptions {
  readonly statement?: string;
  readonly paramsHash?: ParamsHash | undefined;
  readonly rows?: number;
  readonly database?: string;
  readonly isEarly?: boolean;
}

const statementKey = new AttributeKey("db.query.text");

/** A call as an instrumentation tells of it. */
class Call implements Repeat {
  readonly statement: string;
  readonly paramsHash: ParamsHash | undefined;
  readonly rows: number;
  readonly #database: string;
  readonly #isEarly: boolean;

  constructor({
    statement = "SELECT",
    paramsHash,
    rows = -1,
    database = "",
    isEarly,
  }: CallOptions) {
    this.statement = statement;
    this.paramsHash = paramsHash;
    this.rows = rows;
    this.#database = database;
    this.#isEarly = isEarly === true;
  }

  get repeat(): Repeat | undefined {
    return this.#isEarly ? undefined : this;
  }

  isAlike(other: Repeat): boolean {
    return other instanceof Call && other.#database === this.#database;
  }

  writeShared(writer: AttributeWriter): void {
    writer.text(statementKey, this.statement);
  }

  write(writer: AttributeWriter): void {
    this.writeShared(writer);
    if (this.rows >= 0) writer.integer(new AttributeKey("db.response.returned_rows"), this.rows);
  }
}

const chunkBytes = 64 * 1024;

/** Spans as they leave the process, and the parts that make them. */
function start() {
  const sink = keepChunks();
  const bodies = () =>
    sink.chunks.map((chunk) => Buffer.concat(toRequestParts(chunk, new Uint8Array())));
  const buffer = new SpanBuffer(sink, Buffer.alloc(chunkBytes), {
    spansMax: 512,
    delayMs: 60_000,
  });
  const folded = new FoldedRepeats(buffer, 60_000);
  const tracing = new Tracing(folded, createSampler("always_on", 1), "1");
  const startParent = () => tracing.startSpan(undefined, "GET /orders", 2);
  const call = (parent: RecordedSpan, options: CallOptions, from = 0, lengthMs = 1) => {
    const span = tracing.startSpan(new ActiveContext(parent), options.statement ?? "SELECT", 3);
    const shifted = Object.assign(span, { startMs: parent.startMs + from });
    shifted.detail = new Call(options);
    shifted.mayRepeat = true;
    return { span, end: () => span.endAt(parent.startMs + from + lengthMs) };
  };
  const sent = (): DecodedSpan[] => {
    buffer.handOver();
    return bodies().flatMap(decodeOtlp);
  };
  return { tracing, folded, startParent, call, sent, bytes: () => Buffer.concat(bodies()).length };
}

const hashParams = createParamsHash("a key");
const hashOf = (i: number) => hashParams("SELECT", [i]);
const numbers = ({ attributes }: DecodedSpan, prefix = "culprit.repeat") =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => name.startsWith(prefix)));

test("calls that repeat become one summary span when the span above them ends", () => {
  const { startParent, call, sent } = start();
  const parent = startParent();
  for (let i = 0; i < 4_990; i += 1) {
    call(parent, { paramsHash: hashOf(i), rows: 2 }, i * 2, 1 + (i % 3) / 4).end();
  }
  expect(sent()).toEqual([]);
  parent.end();
  const spans = sent();
  // The first eight sets of parameters, the others as one, the parent.
  expect(spans).toHaveLength(8 + 1 + 1);
  const summary = spans.at(-2)!;
  expect(summary).toMatchObject({
    name: "SELECT",
    kind: 3,
    parentSpanId: parent.hex,
    attributes: { "db.query.text": "SELECT", "db.response.returned_rows": 4_982 * 2 },
  });
  expect(numbers(summary)).toEqual({
    "culprit.repeats": 4_982,
    "culprit.repeat.duration_sum_ns": expect.closeTo(4_982 * 1.25e6, -6),
    "culprit.repeat.duration_union_ns": expect.closeTo(4_982 * 1.25e6, -6),
    "culprit.repeat.duration_min_ns": expect.closeTo(1e6, -4),
    "culprit.repeat.duration_max_ns": expect.closeTo(1.5e6, -4),
    "culprit.repeat.distinct_params": expect.toSatisfy((it) => Math.abs(it / 4_982 - 1) < 0.05),
  });
  expect(spans.at(-1)!.name).toBe("GET /orders");
});

test("calls that repeat are counted for each set of parameters while there are few", () => {
  const { startParent, call, sent } = start();
  const parent = startParent();
  for (let i = 0; i < 300; i += 1) call(parent, { paramsHash: hashOf(i % 3) }, i).end();
  parent.end();
  const counts = sent().map(({ attributes }) => [
    attributes["culprit.params_hash"],
    attributes["culprit.repeats"],
    attributes["culprit.repeat.distinct_params"],
  ]);
  const own = [0, 1, 2].map((i) => [hashOf(i)?.text, 100, 1]);
  expect(counts).toEqual([...own, [undefined, undefined, undefined]]);
});

test("calls that repeat that ran at once last as long as their union, not as their sum", () => {
  const { startParent, call, sent } = start();
  const parent = startParent();
  const calls = Array.from({ length: 100 }, (_, i) => call(parent, {}, 0, 50 + i / 10));
  for (const { end } of calls) end();
  parent.end();
  const [summary] = sent();
  const { "culprit.repeat.duration_union_ns": union, "culprit.repeat.duration_sum_ns": sum } =
    numbers(summary!);
  expect(union).toBeCloseTo(59.9e6, -4);
  expect(sum).toBeCloseTo(100 * 50e6 + 495e6, -4);
  expect(numbers(summary!)["culprit.repeat.distinct_params"]).toBe(0);
});

test("calls that repeat are sent as they are when they fail, are slow, or carry what the application has added", () => {
  const { startParent, call, sent } = start();
  const parent = startParent();
  for (let i = 0; i < 100; i += 1) {
    const { span, end } = call(parent, {}, i, i === 40 ? 101 : 1);
    if (i === 10) span.setStatus({ code: 2 });
    if (i === 20) span.setAttribute("mine", 1);
    if (i === 30) span.addEvent("happened");
    end();
  }
  parent.end();
  const counts = sent().map(({ attributes }) => attributes["culprit.repeats"]);
  expect(counts).toEqual([undefined, undefined, undefined, undefined, 96, undefined]);
});

test("calls that repeat are summed up apart from those of another parent or another database", () => {
  const { startParent, call, sent } = start();
  const [one, other] = [startParent(), startParent()];
  for (let i = 0; i < 50; i += 1) call(one, {}, i).end();
  for (let i = 0; i < 40; i += 1) call(other, {}, i).end();
  for (let i = 0; i < 30; i += 1) call(one, { database: "b" }, 60 + i).end();
  one.end();
  other.end();
  const summaries = sent().filter(({ attributes }) => attributes["culprit.repeats"] !== undefined);
  expect(
    summaries.map(({ parentSpanId, attributes }) => [parentSpanId, attributes["culprit.repeats"]]),
  ).toEqual([
    [one.hex, 50],
    [one.hex, 30],
    [other.hex, 40],
  ]);
});

test("calls that repeat are sent at the end of the process while the span above them is open", () => {
  const { folded, startParent, call, sent } = start();
  const parent = startParent();
  for (let i = 0; i < 20; i += 1) call(parent, {}, i).end();
  folded.sendAll();
  expect(sent().map(({ attributes }) => attributes["culprit.repeats"])).toEqual([20]);
  for (let i = 20; i < 30; i += 1) call(parent, {}, i).end();
  parent.end();
  expect(sent().map(({ attributes }) => attributes["culprit.repeats"])).toEqual([
    20,
    10,
    undefined,
  ]);
});

test("calls that repeat of more statements at once than are followed are sent as they are, and none is lost", () => {
  const { startParent, call, sent } = start();
  const parent = startParent();
  for (let turn = 0; turn < 2; turn += 1) {
    for (let i = 0; i < 1_100; i += 1) call(parent, { statement: `SELECT ${i}` }, turn).end();
  }
  parent.end();
  const spans = sent().filter(({ name }) => name.startsWith("SELECT"));
  const calls = spans.map(({ attributes }) => Number(attributes["culprit.repeats"] ?? 1));
  expect(spans).toHaveLength(1_000 + 200);
  expect(calls.reduce((sum, count) => sum + count, 0)).toBe(2_200);
});

const countOf = ({ attributes }: DecodedSpan) => Number(attributes["culprit.repeats"] ?? 1);

interface MadeCall extends CallOptions {
  readonly lengthMs: number;
  readonly isFailed: boolean;
  readonly parent: number;
}

/** Calls below three spans of one request; the spans of calls that are sent. */
function sendCalls(calls: readonly MadeCall[]): DecodedSpan[] {
  const { tracing, startParent, call, sent } = start();
  const root = startParent();
  const parents = [0, 1, 2].map(() => tracing.startSpan(new ActiveContext(root), "work", 1));
  for (const [at, { lengthMs, isFailed, parent, ...options }] of calls.entries()) {
    const { span, end } = call(parents[parent]!, options, at, lengthMs);
    if (isFailed) span.setStatus({ code: 2 });
    end();
  }
  for (const parent of [...parents, root]) parent.end();
  return sent().filter(({ attributes }) => "db.query.text" in attributes);
}
const kindOfCall = fc.record({
  statement: fc.constantFrom("SELECT a", "SELECT b", "UPDATE c"),
  paramsHash: fc.option(fc.nat(30).map(hashOf), { nil: undefined }),
  rows: fc.integer({ min: -1, max: 9 }),
  database: fc.constantFrom("x", "x", "x", "y"),
  isEarly: fc.boolean(),
  lengthMs: fc.integer({ min: 0, max: 130 }),
  isFailed: fc.boolean(),
  parent: fc.nat(2),
});

test("whatever a request calls, no call is lost or counted twice, and no failed or slow one is hidden", () => {
  fc.assert(
    fc.property(fc.array(kindOfCall, { maxLength: 200 }), (calls) => {
      const spans = sendCalls(calls);
      for (const statement of ["SELECT a", "SELECT b", "UPDATE c"]) {
        const own = spans.filter(({ name }) => name === statement);
        const made = calls.filter((it) => it.statement === statement);
        expect(own.reduce((sum, it) => sum + countOf(it), 0)).toBe(made.length);
      }
      const failed = spans.filter(({ isError }) => isError);
      expect(failed).toHaveLength(calls.filter(({ isFailed }) => isFailed).length);
      for (const span of spans.filter((it) => countOf(it) > 1)) {
        expect(span.attributes["culprit.repeat.duration_max_ns"]).toBeLessThanOrEqual(100.01e6);
      }
    }),
    { numRuns: 60 },
  );
});
