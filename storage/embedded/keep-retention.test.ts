import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { toTimestamp, writeSpanFile } from "../../test/support/span-file.ts";
import { defaultRetention } from "../retention.ts";
import { keepRetention, type RetentionOptions, readDiskOf } from "./keep-retention.ts";
import { type EmbeddedStore, openEmbeddedStore } from "./open-embedded-store.ts";

const dayMs = 86_400_000;
const now = Date.now();
const dates = [3, 2, 1, 0].map((age) => toTimestamp(now - age * dayMs).slice(0, 10));
const plenty = { freeBytes: 1e12, totalBytes: 1e12 };

let root: string;
let store: EmbeddedStore;
let lines: string[];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "culprit-retention-"));
  store = await openEmbeddedStore({ folder: join(root, "store") });
  lines = [];
  const file = join(root, "spans.native");
  // Values that don't compress, so that days are of one size.
  const rows = [3, 2, 1, 0].flatMap((age) =>
    Array.from({ length: 200 }, (_, i) => ({
      trace_id: Buffer.from(`${age}-${i}`.padEnd(16, "x")).toString("hex"),
      span_id: Buffer.from(`${age}-${i}`.padEnd(8, "x")).toString("hex"),
      ts: toTimestamp(now - age * dayMs),
      kind: 2,
      status_message: Array.from({ length: 20 }, () => Math.random().toString(36)).join(""),
    })),
  );
  await writeSpanFile(file, rows);
  await store.insertBlocks("spans", file, "days");
});

afterEach(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

function keep(options: Partial<RetentionOptions>) {
  return keepRetention({
    administer: (sql) => store.engine.administer(sql),
    retention: defaultRetention,
    readDisk: async () => plenty,
    now: () => now,
    log: (line) => void lines.push(line),
    ...options,
  });
}

/** Days that are left in each table, and the rows of each day in `spans`. */
async function storedDays(table = "spans"): Promise<string[]> {
  const sql = `SELECT DISTINCT partition FROM system.parts WHERE active AND table = '${table}' ORDER BY 1 LIMIT 99`;
  const rows = await store.select<{ partition: string }>({ name: "days", sql }, {});
  return rows.map(({ partition }) => partition);
}

async function bytesOf(day: string): Promise<number> {
  const sql = `SELECT toFloat64(sum(bytes_on_disk)) AS bytes FROM system.parts
    WHERE active AND partition = '${day}' AND table IN ('spans', 'traces', 'spans_by_service')`;
  const [row] = await store.select<{ bytes: number }>({ name: "bytes", sql }, {});
  return row!.bytes;
}

test("within its limits nothing is dropped", async () => {
  const keeper = keep({ readDisk: () => readDiskOf(root) });
  expect((await readDiskOf(root)).freeBytes).toBeGreaterThan(0);
  await keep({}).check();
  expect(await storedDays()).toEqual(dates);
  await keeper.close();
});

test("over its size the oldest days are dropped, in every table of the signal", async () => {
  const sizes = await Promise.all(dates.map(bytesOf));
  const bytesMax = Math.ceil(sizes[2]! + sizes[3]! + sizes[1]! / 2);
  const retention = { ...defaultRetention, traces: { days: 14, bytesMax } };
  const keeper = keep({ retention });
  await keeper.check();
  await keeper.check();
  for (const table of ["spans", "spans_by_service", "traces"])
    expect(await storedDays(table)).toEqual(dates.slice(2));
  expect(await storedDays("ops_1m")).toEqual(dates);
  expect(keeper.stats()).toEqual({
    droppedDays: [{ signal: "traces", reason: "size", days: 2 }],
    failures: 0,
  });
  expect(lines).toHaveLength(2);
  expect(lines.join()).toContain(`traces of ${dates[0]} dropped`);
});

test("a size that is less than a day keeps the newest day", async () => {
  const retention = { ...defaultRetention, traces: { days: 14, bytesMax: 1 } };
  const keeper = keep({ retention });
  await keeper.check();
  expect(await storedDays()).toEqual(dates.slice(3));
});

test("before the disk is full the oldest days are dropped, as many as it needs", async () => {
  const sizes = await Promise.all(dates.map(bytesOf));
  const missing = sizes[0]! + 1;
  const wanted = 0.05 * 1e9;
  const keeper = keep({ readDisk: async () => ({ freeBytes: wanted - missing, totalBytes: 1e9 }) });
  await keeper.check();
  expect(await storedDays()).toEqual(dates.slice(2));
  expect(keeper.stats().droppedDays).toEqual([{ signal: "traces", reason: "disk", days: 2 }]);
});

test("today's is dropped only when nothing else is left", async () => {
  const keeper = keep({ readDisk: async () => ({ freeBytes: 0, totalBytes: 1e12 }) });
  await keeper.check();
  expect(await storedDays()).toEqual(dates.slice(3));
  await keeper.check();
  expect(await storedDays()).toEqual([]);
});

test("while the store is away a check is counted as failed, and the next one drops", async () => {
  let isAway = true;
  const keeper = keep({
    readDisk: async () => ({ freeBytes: 0, totalBytes: 1e12 }),
    administer: (sql) =>
      isAway ? Promise.reject(new Error("away")) : store.engine.administer(sql),
  });
  await keeper.check();
  expect(keeper.stats()).toEqual({ droppedDays: [], failures: 1 });
  isAway = false;
  await keeper.check();
  expect(await storedDays()).toEqual(dates.slice(3));
});
