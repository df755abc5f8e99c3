import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { SourceMaps } from "../source-maps/source-maps.ts";
import { ChunkSlot } from "./chunk-slot.ts";
import { type ExportReport, ExportService } from "./export-service.ts";
import { readOtlpEnvironment } from "./otlp-environment.ts";

let server: Server;
let received: { readonly encoding: string; readonly text: string }[];
let refused: ReadonlySet<string>;
let held: Int32Array<SharedArrayBuffer>;

beforeEach(async () => {
  received = [];
  refused = new Set();
  held = new Int32Array(new SharedArrayBuffer(4));
  server = createServer(async (request, response) => {
    const bytes = await buffer(request);
    const encoding = request.headers["content-encoding"] ?? "";
    const plain = encoding === "zstd" ? zstdDecompressSync(bytes) : gunzipSync(bytes);
    received.push({ encoding, text: plain.toString("latin1") });
    response.writeHead(refused.has(encoding) ? 415 : 200).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Sends chunks that hold these texts; settles when the collector has answered all of them. */
async function send(
  texts: readonly string[],
  environment = {},
  isFull = false,
  segmentBytes = Number.POSITIVE_INFINITY,
): Promise<ExportReport[]> {
  const { port } = server.address() as AddressInfo;
  const settings = {
    queueBytesMax: 1_000_000,
    held,
    resource: {
      detectors: [],
      given: "",
      serviceName: "s",
      agentVersion: "1",
      title: "node",
      command: undefined,
    },
    environment: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, ...environment },
  };
  const reports: ExportReport[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const report = (each: ExportReport) => {
    reports.push(each);
    if (each.kind === "flushed") resolve();
  };
  const target = readOtlpEnvironment(settings.environment, "application/x-protobuf");
  const maps = new SourceMaps(() => undefined);
  const service = new ExportService(target, settings, { report, maps });
  for (const text of texts) {
    const bytes = new ChunkSlot().fill(Buffer.from(text));
    const segments = toSegments(text.length, segmentBytes);
    const scopes = ["scope", "other"].map((name) => ({ name, version: "" }));
    Atomics.add(held, 0, 1);
    const chunk = { bytes, isFilled: isFull, segments, scopes, spans: 1, places: [] };
    service.handle({ kind: "spans", chunks: [chunk] });
  }
  service.handle({ kind: "flush", id: 1 });
  await promise;
  return reports;
}

/** Of two scopes in turns. */
function toSegments(length: number, segmentBytes: number): number[] {
  const segments: number[] = [];
  for (let end = 0; end < length; ) {
    const scope = (segments.length / 2) % 2;
    end = Math.min(end + segmentBytes, length);
    segments.push(scope, end);
  }
  return segments;
}

it("sends zstd to a collector that takes it", async () => {
  await send(["first", "second"]);
  expect(received.map(({ encoding }) => encoding)).toEqual(["zstd", "zstd"]);
  expect(received[0]?.text).toContain("first");
  expect(received[1]?.text).toContain("second");
});

it("sends full chunks together, and what is left of them before it says that nothing is", async () => {
  await send(["first", "second"], {}, true);
  expect(received).toHaveLength(1);
  expect(received[0]?.text).toMatch(/first.*second/s);
  received = [];
  const chunk = "a".repeat(256 * 1024);
  await send(
    Array.from({ length: 25 }, () => chunk),
    {},
    true,
  );
  expect(received.map(({ text }) => Math.floor(text.length / chunk.length))).toEqual([12, 12, 1]);
});

it.each([
  ["short", 1_000, 100],
  ["long", 40_000, 6],
])(
  "sends all spans of two scopes in turns, in %s segments",
  async (_name, segmentBytes, length) => {
    const segments = Array.from({ length }, (_, i) => `${i}`.padStart(segmentBytes, "."));
    await send([segments.join("")], {}, true, segmentBytes);
    const isFirst = (_: string, i: number) => i % 2 === 0;
    const isSecond = (_: string, i: number) => i % 2 === 1;
    const text = received.map((each) => each.text).join("");
    expect(text).toContain(segments.filter(isFirst).join(""));
    expect(text).toContain(segments.filter(isSecond).join(""));
  },
);

it("sends gzip to a collector that refuses zstd, and loses nothing", async () => {
  refused = new Set(["zstd"]);
  const reports = await send(["first", "second"]);
  const taken = received.filter(({ encoding }) => encoding === "gzip").map(({ text }) => text);
  expect(taken.join()).toContain("first");
  expect(taken.join()).toContain("second");
  expect(reports.filter(({ kind }) => kind === "dropped")).toEqual([]);
});

it("drops what is refused as gzip, too, and counts it", async () => {
  refused = new Set(["zstd", "gzip"]);
  const reports = await send(["first"]);
  expect(received.map(({ encoding }) => encoding)).toEqual(["zstd", "gzip"]);
  expect(reports).toContainEqual({ kind: "dropped", reason: "spans_rejected", spans: 1 });
});

it("sends what the environment asks for", async () => {
  await send(["first"], { OTEL_EXPORTER_OTLP_COMPRESSION: "gzip" });
  expect(received.map(({ encoding }) => encoding)).toEqual(["gzip"]);
});

it("holds no span any more that it has sent or dropped", async () => {
  await send(["first", "second"]);
  expect(held[0]).toBe(0);
  refused = new Set(["zstd", "gzip"]);
  await send(["third"]);
  expect(held[0]).toBe(0);
});

it("holds what the collector can't take now", async () => {
  await send(["first", "second"], { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" });
  expect(held[0]).toBe(2);
});
