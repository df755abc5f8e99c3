import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeOtlp } from "../collector/decode/testing/encode-otlp.ts";
import { requestOf } from "../collector/decode/testing/otlp-model.ts";
import { openEmbeddedStore } from "../storage/embedded/open-embedded-store.ts";
import { startNode } from "../test/support/processes.ts";
import { readStartConfig } from "./config.ts";
import { type RecordedRequest, RecordingError, readRecorded } from "./read-recorded.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-import-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** A request of one span, years ago. */
function recorded(spanId: string) {
  const at = (ns: number) => `${1_500_000_000_000_000_000n + BigInt(ns)}`;
  return requestOf({ spanId, startTimeUnixNano: at(0), endTimeUnixNano: at(5) });
}

const json = (spanId: string) => JSON.stringify(recorded(spanId));
const protobuf = (spanId: string) => encodeOtlp(recorded(spanId));

function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(message.length);
  return Buffer.concat([head, message]);
}

const ids = Array.from({ length: 8 }, (_, i) => `a${i}`.repeat(8));

describe("a recording", () => {
  async function read(content: string | Uint8Array, bytesMax = 10_000): Promise<string[]> {
    const requests: RecordedRequest[] = [];
    for await (const request of readRecorded(await file("recording", content), bytesMax))
      requests.push(request);
    return requests.map(({ encoding, signal, bytes }) => `${encoding} ${signal} ${bytes.length}`);
  }

  const line = json(ids[0]!);
  const message = protobuf(ids[0]!);

  test.each<[string, string | Uint8Array, string[]]>([
    ["nothing", "", []],
    ["a line", line, [`json traces ${line.length}`]],
    ["lines", `${line}\n\n${line}\n`, Array(2).fill(`json traces ${line.length}`)],
    ["gzip of lines", gzipSync(`${line}\n${line}`), Array(2).fill(`json traces ${line.length}`)],
    [
      "logs and metrics",
      '{"resourceLogs":[]}\n{ "resourceMetrics":[]}',
      ["json logs 19", "json metrics 23"],
    ],
    ["JSON over lines", '{\n"resourceSpans":\n[]}\n', ["json traces 23"]],
    ["Zipkin", "[\n{}]", ["zipkin traces 5"]],
    ["protobuf", message, [`protobuf traces ${message.length}`]],
    [
      "protobufs behind their lengths",
      Buffer.concat([framed(message), framed(message)]),
      Array(2).fill(`protobuf traces ${message.length}`),
    ],
  ])("of %s is read", async (_, content, expected) => {
    expect(await read(content)).toEqual(expected);
  });

  test("over the limit, or cut off, is an error", async () => {
    await expect(read(`{"a":"${"x".repeat(200)}"}`, 100)).rejects.toThrow(RecordingError);
    await expect(read(framed(Buffer.alloc(200)), 100)).rejects.toThrow(RecordingError);
    await expect(read(framed(message).subarray(0, -1))).rejects.toThrow("cut off");
    await expect(read(gzipSync(line).subarray(0, -4))).rejects.toThrow("unexpected end of file");
  });
});

describe("culprit import", () => {
  async function run(...args: readonly string[]) {
    const main = join(import.meta.dirname, "main.ts");
    const node = ["--no-memory-protection-keys", main, "import"];
    const started = await startNode({ args: [...node, ...args] });
    return { code: await started.ended, output: started.output() };
  }

  test("stores recorded spans with their own times, once, and says what failed", async () => {
    const data = ["--data", join(folder, "data"), "--retention-days", "3650"];
    const files = [
      await file(
        "lines.jsonl.gz",
        gzipSync(`${json(ids[0]!)}\n${json(ids[1]!)}\n${json(ids[1]!)}\n`),
      ),
      await file("one.pb", protobuf(ids[2]!)),
      await file("many.pb", Buffer.concat([framed(protobuf(ids[3]!)), framed(protobuf(ids[4]!))])),
    ];
    const good = await run(...files, ...data);
    expect(good.output).toContain(
      "Imported 5 spans of 6 requests (1 known already, 0 rows rejected, 0 failed)",
    );
    expect(good.code).toBe(0);
    const broken = await run(
      await file("broken.jsonl", `${json(ids[5]!)}\n{"resourceSpans":7}\n`),
      join(folder, "missing"),
      ...data,
    );
    expect(broken.code).toBe(1);
    expect(broken.output).toContain("broken.jsonl: request 2: INVALID_JSON");
    expect(broken.output).toContain("ENOENT");
    expect(broken.output).toContain("Imported 1 spans of 2 requests");
    const { retention } = readStartConfig(["--retention-days", "3650"], {});
    const store = await openEmbeddedStore({ folder: join(folder, "data/clickhouse"), retention });
    const sql =
      "SELECT lower(hex(span_id)) AS id, toYear(ts) AS year FROM spans ORDER BY id LIMIT 100";
    const rows = await store.select({ name: "imported", sql }, {});
    await store.close();
    expect(rows).toEqual(ids.slice(0, 6).map((id) => ({ id, year: 2017 })));
  });

  test("rejects what the retention would drop, and stores it once that is raised", async () => {
    const old = await file("old.json", json(ids[0]!));
    const data = ["--data", join(folder, "old-data")];
    const rejected = await run(old, ...data);
    expect(rejected.output).toContain("rejected 1 of 1 spans: outside_time_window 1");
    expect(rejected.output).toContain("raise --retention-days");
    expect(rejected.output).toContain("Imported nothing of 1 requests");
    const stored = await run(old, ...data, "--retention-days", "3650");
    expect(stored.output).toContain("Imported 1 spans of 1 requests (0 known already");
  });

  test("without a file says so, and what it does", async () => {
    expect((await run()).output).toContain("name the files to import");
    expect(await run("--help")).toMatchObject({
      code: 0,
      output: expect.stringContaining("FILE..."),
    });
  });
});
