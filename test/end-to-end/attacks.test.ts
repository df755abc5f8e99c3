import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { constants, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeOtlp } from "../../collector/decode/testing/encode-otlp.ts";
import { attribute, type OtlpSpan } from "../../collector/decode/testing/otlp-model.ts";
import { newSpan, newTraceId, protobuf, send, toRequest } from "../conformance/otlp-client.ts";
import { type CulpritProcess, startCulpritProcess } from "../support/culprit-process.ts";
import { until } from "../support/until.ts";

/** Attacks that take long, on the product as it is built; the others are in test/conformance. */
let folder: string;
let culprit: CulpritProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-attacked-"));
  const probe = join(import.meta.dirname, "../bench/slice-probe.ts");
  culprit = await startCulpritProcess(folder, { flags: ["--import", probe] });
  for (let i = 0; i < 20; i += 1) await expectServed();
});
afterAll(async () => {
  await culprit?.process.stop();
  await rm(folder, { recursive: true, force: true });
});

const mebibyte = 2 ** 20;

async function post(body: Uint8Array, path = "/v1/traces", headers = {}): Promise<number> {
  return (await send(culprit.url + path, body, { ...protobuf, ...headers })).status;
}

async function expectServed(): Promise<void> {
  expect(await post(encodeOtlp(toRequest([newSpan()])))).toBe(200);
}

function memoryMiB(field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${culprit.process.pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1]) / 1024;
}

/** By how much the receiving process is larger at most, while `attack` runs, than before it. */
async function growthMiB(attack: () => Promise<unknown>): Promise<number> {
  // The peak is counted from here on.
  writeFileSync(`/proc/${culprit.process.pid}/clear_refs`, "5");
  const before = memoryMiB("VmRSS");
  await attack();
  return memoryMiB("VmHWM") - before;
}

/** CPU time of the longest stretch in which the main thread did nothing else, since this was asked last. */
async function longestSliceMs(): Promise<number> {
  const count = () => culprit.process.output().split("SLICES ").length;
  const before = count();
  process.kill(culprit.process.pid, "SIGUSR2");
  await until(() => count() > before && culprit.process.output().endsWith("\n"));
  const line = culprit.process.output().split("SLICES ").at(-1)!.split("\n")[0]!;
  return JSON.parse(line).maxMs;
}

/** Zeros as gzip without an end; only the first 16 MiB are really compressed. */
function toBomb(inflatedMiB: number): Buffer {
  const piece = gzipSync(Buffer.alloc(16 * mebibyte), {
    finishFlush: constants.Z_FULL_FLUSH,
    level: 9,
  });
  const repeats = Array.from({ length: inflatedMiB / 16 - 1 }, () => piece.subarray(10));
  return Buffer.concat([piece, ...repeats]);
}

test("A1 bombs of gzip cost less than twice the limit, and no slice of 200 ms", async () => {
  const bombs = [toBomb(128), toBomb(1024)];
  expect(bombs.map(({ length }) => Math.round(length / 1000))).toEqual([131, 1044]);
  const gzip = { "content-encoding": "gzip" };
  await longestSliceMs();
  for (const bomb of bombs) {
    expect(
      await growthMiB(async () => {
        expect(await post(bomb, "/v1/traces", gzip)).toBe(413);
        expect(await post(bomb, "/v1/unknown", gzip)).toBe(404);
        await expectServed();
      }),
    ).toBeLessThan(128);
  }
  expect(await longestSliceMs()).toBeLessThan(200);
});

test("A5 a thousand clients that never end headers or body are closed, the others served", async () => {
  const { hostname, port } = new URL(culprit.url);
  const head = "POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n";
  const sockets = Array.from({ length: 1_000 }, (_, i) => {
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    socket.resume().write(head + (i % 2 ? "X-Slow: " : "Content-Length: 100\r\n\r\n{"));
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  for (let i = 0; i < 20; i += 1) await expectServed();
  expect(sockets.filter(({ closed }) => closed).length).toBeLessThan(1_000);
  await Promise.all(sockets.map((socket) => socket.closed || once(socket, "close")));
  await expectServed();
});

const mark = "00000000";

/** Requests that differ in their number, which stands wherever the model has the mark; together they are one request. */
function numbered(model: Buffer, from: number, count: number): Buffer {
  const places: number[] = [];
  for (let at = model.indexOf(mark); at !== -1; at = model.indexOf(mark, at + mark.length)) {
    places.push(at);
  }
  const body = Buffer.alloc(model.length * count, model);
  for (let i = 0; i < count; i += 1) {
    const digits = String(from + i + 1).padStart(mark.length, "0");
    for (const place of places) body.write(digits, i * model.length + place, "latin1");
  }
  return body;
}

const markId = Buffer.from(mark).toString("hex");

test("A10 analyzers and pages survive odd traces: a million spans, cycles, equal ids", async () => {
  const spanOf = (different: Partial<OtlpSpan>) => newSpan({ kind: 3, ...different });
  const huge = newTraceId();
  const root = newSpan({ traceId: huge });
  const child = spanOf({ traceId: huge, spanId: markId, parentSpanId: root.spanId });
  const cyclic = newTraceId();
  const [a, b] = [spanOf({ traceId: cyclic }), spanOf({ traceId: cyclic })];
  const itself = spanOf({ traceId: cyclic });
  const same = newTraceId();
  const again = spanOf({ traceId: same });
  const odd = [
    root,
    { ...a, parentSpanId: b.spanId },
    { ...b, parentSpanId: a.spanId },
    { ...itself, parentSpanId: itself.spanId },
    ...Array.from({ length: 100 }, (_, i) => ({ ...again, name: `same ${i}` })),
  ];
  expect(await post(encodeOtlp(toRequest(odd)))).toBe(200);
  const model = encodeOtlp(toRequest([child]));
  for (let from = 0; from < 1_000_000; from += 50_000) {
    await until(async () => (await post(numbered(model, from, 50_000))) === 200);
  }
  await until(async () => (await culprit.metric("culprit_journal_spans")) === 0);
  // A trace settles ten seconds after its last arrival.
  const settledAt = Date.now() + 10_000;
  await until(async () => {
    const { bytes } = await send(`${culprit.url}/api/v1/findings`, null, {}, "GET");
    return JSON.parse(String(bytes)).coverage.examinedUntilAt > settledAt;
  });
  for (const traceId of [huge, cyclic, same]) {
    const { status, bytes } = await send(
      `${culprit.url}/api/v1/traces/${traceId}`,
      null,
      {},
      "GET",
    );
    expect(status, String(bytes).slice(0, 200)).toBe(200);
  }
  for (const failure of ["detector_errors", "analysis_run_errors", "analyzer_restarts"]) {
    expect(await culprit.metric(`culprit_${failure}_total`), failure).toBe(0);
  }
  await expectServed();
});

test("A9 a million names of services, spans and keys: memory is bounded, the rest is counted", async () => {
  const span = newSpan({
    traceId: markId + markId,
    spanId: markId,
    name: `name-${mark}`,
    attributes: [attribute(`key-${mark}`, 1)],
  });
  const model = encodeOtlp(toRequest([span], [attribute("service.name", `service-${mark}`)]));
  const step = 50_000;
  const growth = await growthMiB(async () => {
    for (let from = 0; from < 1_000_000; from += step) {
      const body = numbered(model, from, step);
      // What waits may be full: then the client is told so, and comes again.
      await until(async () => (await post(body)) === 200);
    }
  });
  expect(growth).toBeLessThan(600);
  const metrics = await (await fetch(`${culprit.url}/metrics`)).text();
  const lost = (reason: string) => {
    const line = new RegExp(`^culprit_lost_values_total\\{reason="${reason}"\\} (\\d+)`, "m");
    return Number(line.exec(metrics)?.[1]);
  };
  expect(lost("cardinality")).toBeGreaterThan(20 * (step - 16_384) - 1);
  expect(lost("overflowedServices")).toBeGreaterThanOrEqual(1_000_000 - 1_000);
  expect(lost("overflowedNames")).toBeGreaterThanOrEqual(1_000_000 - 5_000);
  expect(metrics).not.toMatch(/service-\d/);
  expect(metrics.split("\n").length).toBeLessThan(1_000);
  await expectServed();
});
