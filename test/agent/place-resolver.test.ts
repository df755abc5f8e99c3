import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PlaceResolver } from "../../agent/export/place-resolver.ts";
import { SpanBuffer } from "../../agent/export/span-buffer.ts";
import { type SpanChunk, toRequestParts } from "../../agent/export/span-chunk.ts";
import { keys } from "../../agent/instrumentations/attribute-keys.ts";
import { writeCallSite } from "../../agent/instrumentations/write-call-site.ts";
import { SourceMaps } from "../../agent/source-maps/source-maps.ts";
import { createSampler } from "../../agent/tracing/sampler.ts";
import { Tracing } from "../../agent/tracing/tracing.ts";
import { decodeOtlp } from "../support/decode-otlp.ts";
import { keepChunks } from "../support/keep-chunks.ts";

const source = "a/rather/long/path/main.ts";
let folder: string;
let compiled: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-call-sites-"));
  compiled = join(folder, "main.js");
  const lines = 20;
  const map = { version: 3, sources: [source], mappings: "AAUA" };
  map.mappings += ";AACA".repeat(lines);
  await writeFile(join(folder, "main.js.map"), JSON.stringify(map));
  await writeFile(compiled, `${"call();\n".repeat(lines)}//# sourceMappingURL=main.js.map\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface RecordedCall {
  readonly scope: number;
  /** Of `file`; undefined without a call site. */
  readonly line: number | undefined;
  readonly isCompiled: boolean;
  readonly text: string;
  /** An exception with a stack through this line. */
  readonly isFailed: boolean;
}

function record(calls: readonly RecordedCall[]): readonly SpanChunk[] {
  const sink = keepChunks();
  const limits = { spansMax: 20, delayMs: 60_000 };
  const buffer = new SpanBuffer(sink, Buffer.alloc(8_192), limits);
  const tracing = new Tracing(buffer, createSampler("always_on", 1), "1");
  for (const [i, { scope, line, isCompiled, text, isFailed }] of calls.entries()) {
    if (scope > 0) tracing.getTracer(`scope ${scope}`).startSpan(`made by hand ${i}`).end();
    const span = tracing.startSpan(undefined, `call ${i}`, 3);
    const filePath = isCompiled ? compiled : "/nowhere/main.js";
    span.detail = {
      write(writer) {
        writer.text(keys.dbQueryText, text);
        if (line !== undefined) {
          const frames = `${line}:1:${filePath}\tlist\n`;
          writeCallSite(writer, { filePath, lineNumber: line, functionName: "list", frames });
        }
        writer.integer(keys.dbReturnedRows, i);
      },
    };
    if (isFailed) span.addEvent("exception", { "exception.stacktrace": stackAt(filePath, line) });
    span.end();
  }
  buffer.handOver();
  return sink.chunks;
}

const stackAt = (file: string, line = 1) =>
  `Error: no (x:1:1)\n    at list (${file}:${line}:1)\n    at async ${file}:${line}:1\n    at Array.map (<anonymous>)`;

test("places of compiled code become those of its sources, and nothing else changes", () => {
  const call = fc.record({
    scope: fc.nat(2),
    line: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
    isCompiled: fc.boolean(),
    text: fc.string({ maxLength: 200 }),
    isFailed: fc.boolean(),
  });
  const resolver = new PlaceResolver(new SourceMaps(() => undefined));
  fc.assert(
    fc.property(fc.array(call, { minLength: 1, maxLength: 60 }), (calls) => {
      const spans = record(calls)
        .map((chunk) => Buffer.concat(toRequestParts(resolver.resolve(chunk), new Uint8Array())))
        .flatMap(decodeOtlp)
        .filter(({ kind }) => kind === 3);
      const byName = new Map(spans.map((span) => [span.name, span]));
      expect(byName.size).toBe(calls.length);
      for (const [i, { line, isCompiled, text, isFailed }] of calls.entries()) {
        const span = byName.get(`call ${i}`);
        expect(span?.scope).toBe("@culprit/agent");
        expect(span?.attributes).toEqual({
          "db.query.text": text,
          "db.response.returned_rows": i,
          ...(line === undefined ? {} : toAttributes(line, isCompiled)),
        });
        const stack = isCompiled
          ? stackAt(join(folder, source), (line ?? 1) + 10)
          : stackAt("/nowhere/main.js", line);
        expect(span?.events).toEqual(
          isFailed ? [{ name: "exception", attributes: { "exception.stacktrace": stack } }] : [],
        );
      }
    }),
    { numRuns: 50 },
  );
});

function toAttributes(line: number, isCompiled: boolean) {
  return {
    "code.file.path": isCompiled ? join(folder, source) : "/nowhere/main.js",
    "code.line.number": isCompiled ? line + 10 : line,
    "code.function.name": "list",
  };
}

test("a call site that the application has set itself stays", () => {
  const sink = keepChunks();
  const buffer = new SpanBuffer(sink, Buffer.alloc(8_192), { spansMax: 20, delayMs: 60_000 });
  const tracing = new Tracing(buffer, createSampler("always_on", 1), "1");
  const span = tracing.startSpan(undefined, "call", 3);
  span.setAttribute("code.file.path", "theirs.ts");
  const frames = `1:1:${compiled}\tlist\n`;
  const callSite = { filePath: compiled, lineNumber: 1, functionName: undefined, frames };
  span.detail = { write: (writer) => writeCallSite(writer, callSite) };
  span.end();
  buffer.handOver();
  const resolver = new PlaceResolver(new SourceMaps(() => undefined));
  const [decoded] = decodeOtlp(
    Buffer.concat(toRequestParts(resolver.resolve(sink.chunks[0]!), new Uint8Array())),
  );
  expect(decoded?.attributes).toEqual({ "code.file.path": "theirs.ts", "code.line.number": 1 });
});

test("a stack that is none stays as it is", () => {
  const resolver = new PlaceResolver(new SourceMaps(() => undefined));
  const odd = [
    "",
    "Error",
    "  at (",
    "    at f (file://host/x.js:1:1)",
    "    at f (file:///%E0%A4%A.js:1:1)",
    `    at ${"x (".repeat(1_300)}:1:1`,
    "    at list (/app/\u0000.js:1:1)",
  ];
  for (const stack of odd) {
    const [chunk] = recordException(stack);
    const body = Buffer.concat(toRequestParts(resolver.resolve(chunk!), new Uint8Array()));
    expect(decodeOtlp(body)[0]?.events[0]?.attributes["exception.stacktrace"]).toBe(stack);
  }
});

function recordException(stack: string): readonly SpanChunk[] {
  const sink = keepChunks();
  const buffer = new SpanBuffer(sink, Buffer.alloc(65_536), { spansMax: 9, delayMs: 60_000 });
  const tracing = new Tracing(buffer, createSampler("always_on", 1), "1");
  const span = tracing.startSpan(undefined, "call", 3);
  span.addEvent("exception", { "exception.stacktrace": stack });
  span.end();
  buffer.handOver();
  return sink.chunks;
}
