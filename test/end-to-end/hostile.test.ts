import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CulpritProcess, startCulpritProcess } from "../support/culprit-process.ts";
import { createSpans, toOtlpJson } from "../support/otlp-body.ts";

/** Bad input at the front door of the built product: a clear answer, and nothing else changes. */
let folder: string;
let culprit: CulpritProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-hostile-"));
  culprit = await startCulpritProcess(folder);
});
afterAll(async () => {
  await culprit?.process.stop();
  await rm(folder, { recursive: true, force: true });
});

const json = { "Content-Type": "application/json" };
const protobuf = { "Content-Type": "application/x-protobuf" };

async function post(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
  path = "/v1/traces",
) {
  const response = await fetch(`${culprit.url}${path}`, { method: "POST", headers, body });
  return { status: response.status, text: await response.text() };
}

/** Accepted spans, and that the server still takes good ones: the state that bad input must not change. */
async function acceptedSpans(): Promise<number> {
  return culprit.metric("culprit_accepted_spans_total");
}

async function expectNothingStored(attack: () => Promise<unknown>): Promise<void> {
  const before = await acceptedSpans();
  await attack();
  expect(await acceptedSpans()).toBe(before);
  expect((await post(toOtlpJson(createSpans(3)), json)).status).toBe(200);
  expect(await acceptedSpans()).toBe(before + 3);
}

/** One span in protobuf, by hand: what the truncation below cuts at every byte. */
function protobufBody(): Uint8Array<ArrayBuffer> {
  const field = (number: number, bytes: readonly number[]) => [
    (number << 3) | 2,
    bytes.length,
    ...bytes,
  ];
  const fixed64 = (number: number, value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    return [(number << 3) | 1, ...bytes];
  };
  const now = BigInt(Date.now()) * 1_000_000n;
  const span = [
    ...field(
      1,
      Array.from({ length: 16 }, (_, i) => i + 1),
    ),
    ...field(
      2,
      Array.from({ length: 8 }, (_, i) => i + 1),
    ),
    ...field(5, [...Buffer.from("GET /orders")]),
    ...fixed64(7, now),
    ...fixed64(8, now + 5_000_000n),
  ];
  return new Uint8Array(field(1, field(2, field(2, span))));
}

test("protobuf that is cut at any byte is refused with 400 or holds whole spans only", async () => {
  const body = protobufBody();
  const before = await acceptedSpans();
  expect((await post(body, protobuf)).status).toBe(200);
  expect(await acceptedSpans()).toBe(before + 1);
  for (let length = 1; length < body.length; length++) {
    expect((await post(body.slice(0, length), protobuf)).status, `cut at ${length}`).toBe(400);
  }
  expect(await acceptedSpans()).toBe(before + 1);
});

test("a wrong content type is refused with 415", () =>
  expectNothingStored(async () => {
    const answer = await post("hello", { "Content-Type": "text/plain" });
    expect(answer.status).toBe(415);
    expect(JSON.parse(answer.text).message).toMatch(/content type/i);
  }));

test("a body over the limit is refused with 413, before and after gunzip", () =>
  expectNothingStored(async () => {
    const large = new Uint8Array(65 * 2 ** 20);
    expect((await post(large, protobuf)).status).toBe(413);
    const bomb = gzipSync(large);
    expect(bomb.length).toBeLessThan(100_000);
    expect((await post(bomb, { ...protobuf, "Content-Encoding": "gzip" })).status).toBe(413);
  }));

test("an unknown path answers 404 and says so, below the API as JSON", () =>
  expectNothingStored(async () => {
    expect((await post("{}", json, "/v1/nothing")).status).toBe(404);
    const answer = await fetch(`${culprit.url}/api/v1/nothing`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({
      error: { code: "NOT_FOUND", message: "nothing answers GET /api/v1/nothing" },
    });
  }));

test("JSON with __proto__ keys is data: nothing is polluted, and the span is stored", async () => {
  const before = await acceptedSpans();
  const body = toOtlpJson(createSpans(1))
    .replace('"http.route"', '"__proto__"')
    .replace(
      '"resource":',
      '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"resource":',
    );
  expect((await post(body, json)).status).toBe(200);
  expect(await acceptedSpans()).toBe(before + 1);
  const page = await (await fetch(`${culprit.url}/api/v1/endpoints`)).json();
  expect(page).not.toHaveProperty("polluted");
});

test("spans outside the time window are rejected by partial success, the others stored", async () => {
  const before = await acceptedSpans();
  const hourMs = 3_600_000;
  const spans = [
    ...createSpans(1),
    ...createSpans(1, Date.now() - 4 * 24 * hourMs),
    ...createSpans(1, Date.now() + hourMs),
    ...createSpans(1, 0),
  ];
  const answer = await post(toOtlpJson(spans), json);
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text).partialSuccess.rejectedSpans).toBe("3");
  expect(await acceptedSpans()).toBe(before + 1);
});

test("a page of another site can't read the API through its own name", async () => {
  const answer = await new Promise<number>((resolve, reject) => {
    import("node:http").then(({ get }) => {
      get(`${culprit.url}/api/v1/findings`, { headers: { Host: "evil.example" } }, (response) => {
        response.resume();
        resolve(response.statusCode!);
      }).on("error", reject);
    }, reject);
  });
  expect(answer).toBe(403);
});

test("parameters of the API that make no sense are refused with 400", async () => {
  const paths = [
    "findings/xyz",
    "traces/12",
    `traces/${"z".repeat(32)}`,
    "endpoints/critical-path",
    "endpoints/gain",
  ];
  for (const path of paths) {
    const answer = await fetch(`${culprit.url}/api/v1/${path}`);
    expect(answer.status, path).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { code: "BAD_PARAMETER" } });
  }
  expect((await fetch(`${culprit.url}/api/v1/traces/${"0".repeat(32)}`)).status).toBe(404);
});
