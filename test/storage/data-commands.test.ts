import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultDecodeLimits } from "../../collector/decode/decode-limits.ts";
import { decodeOtlp } from "../../collector/decode/decode-otlp.ts";
import {
  type EmbeddedStore,
  openEmbeddedStore,
} from "../../storage/embedded/open-embedded-store.ts";
import { type StoredCountsRow, storedCountsQuery } from "../../storage/queries/stored-counts.ts";
import { createSpans, type OtlpSpan, toOtlpJson } from "../support/otlp-body.ts";
import { startNode } from "../support/processes.ts";

/** The commands as they are typed, on a data folder that a store of this version has filled. */
const main = join(import.meta.dirname, "../../cli/main.ts");
let root: string;
let data: string;
let file = 0;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "culprit-data-"));
  data = join(root, "data");
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

async function culprit(...args: string[]): Promise<{ code: number | string; output: string }> {
  const command = await startNode({ args: [main, ...args] });
  const code = await command.ended;
  return { code, output: command.output() };
}

async function withStore<R>(folder: string, use: (store: EmbeddedStore) => Promise<R>): Promise<R> {
  const store = await openEmbeddedStore({ folder: join(folder, "clickhouse") });
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

async function insert(
  store: EmbeddedStore,
  spans: readonly OtlpSpan[],
  resource: Record<string, string> = {},
): Promise<void> {
  await insertOtlp(store, "traces", toOtlpJson(spans, "shop", resource));
}

async function insertOtlp(store: EmbeddedStore, signal: "traces" | "logs", body: string) {
  const { block } = decodeOtlp(signal, Buffer.from(body), "json", {
    receivedMs: Date.now(),
    acceptFromMs: 0,
    acceptToMs: Date.now() + 86_400_000,
    limits: defaultDecodeLimits,
  });
  const path = join(root, `${++file}.native`);
  writeFileSync(path, block);
  await store.insertBlocks(signal === "traces" ? "spans" : "logs", path, path);
}

/** Logs as OTLP JSON: of a trace or of none, with a user or without. */
function toLogs(logs: readonly { traceId?: string; user?: string }[]): string {
  const logRecords = logs.map(({ traceId, user }) => ({
    timeUnixNano: `${Date.now()}000000`,
    body: { stringValue: "paid" },
    ...(traceId && { traceId, spanId: "00f067aa0ba902b7" }),
    attributes: user ? [{ key: "user.id", value: { stringValue: user } }] : [],
  }));
  return JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
}

async function countsOf(folder: string): Promise<StoredCountsRow> {
  return withStore(folder, async (store) => {
    const [row] = await store.select<StoredCountsRow>(storedCountsQuery, {});
    return row!;
  });
}

test("a backup is restored with every row, and its journal and keys", async () => {
  await withStore(data, (store) => insert(store, createSpans(50)));
  mkdirSync(join(data, "journal"));
  writeFileSync(join(data, "journal", "waiting.native"), "a block");
  const made = await culprit("backup", join(root, "backup"), "--data", data);
  expect(made).toMatchObject({ code: 0 });
  expect(made.output).toContain("is whole: 0 logs, 0 metric_points, 50 spans");
  expect(readdirSync(join(root, "backup")).sort()).toEqual([
    "clickhouse",
    "culprit-backup.json",
    "journal",
  ]);
  const copy = join(root, "restored");
  const restored = await culprit("restore", join(root, "backup"), "--data", copy);
  expect(restored).toMatchObject({ code: 0 });
  expect(await countsOf(copy)).toEqual(await countsOf(data));
  expect(readFileSync(join(copy, "journal", "waiting.native"), "utf8")).toBe("a block");
  expect(readdirSync(root).filter((name) => name.endsWith(".partial"))).toEqual([]);
});

test("while culprit runs on the folder there is no backup, and it says why", async () => {
  await withStore(data, async () => {
    const refused = await culprit("backup", join(root, "backup"), "--data", data);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.output).toContain("Does culprit run on this folder? Stop it first.");
    expect(refused.output).toContain(`another process holds ${join(data, "clickhouse")}`);
  });
  expect(readdirSync(root)).not.toContain("backup");
});

test.each([
  ["backup", () => [join(root, "backup")]],
  ["erase", () => ["--attribute", "user.id=4711"]],
] as const)("%s of a folder without a database says so, and makes none", async (name, args) => {
  const refused = await culprit(name, ...args(), "--data", data);
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.output).toContain(`${data} has no database of culprit`);
  expect(readdirSync(root)).toEqual([]);
});

test("a damaged backup is not restored, and a filled folder is not overwritten", async () => {
  await withStore(data, (store) => insert(store, createSpans(50)));
  const backup = join(root, "backup");
  await culprit("backup", backup, "--data", data);
  const filled = await culprit("restore", backup, "--data", data);
  expect(filled).toMatchObject({ code: 1 });
  expect(filled.output).toContain("is not empty");
  const store = join(backup, "clickhouse", "clickhouse", "data", "default", "spans");
  const [part] = readdirSync(store).filter((name) => /^\d{8}_/.test(name));
  const files = readdirSync(join(store, part!)).filter((name) =>
    /^data\.bin$|^span_id\.bin$/.test(name),
  );
  const column = join(store, part!, files[0]!);
  const bytes = readFileSync(column);
  bytes[bytes.length >> 1]! ^= 0xff;
  writeFileSync(column, bytes);
  const damaged = await culprit("restore", backup, "--data", join(root, "restored"));
  expect(damaged).toMatchObject({ code: 1 });
  expect(damaged.output).toContain("table 'spans' is damaged");
  expect(readdirSync(root)).not.toContain("restored");
  const none = await culprit("restore", root, "--data", join(root, "restored"));
  expect(none.output).toContain("is no backup");
});

/** All that is stored, as text, inactive parts included: what of a value is left on the disk. */
async function findValue(value: string): Promise<number> {
  return withStore(data, async ({ engine }) => {
    const inactive = await engine.administer(
      "SELECT count() FROM system.parts WHERE database = currentDatabase() AND NOT active FORMAT TSV",
    );
    const sql = `
      SELECT count() FROM spans
      WHERE position(toString(tuple(attributes, attributes_int, events, resource_attributes)), '${value}') > 0
      FORMAT TSV`;
    const logs = await engine.administer(
      `SELECT count() FROM logs WHERE position(toString(attributes), '${value}') > 0 FORMAT TSV`,
    );
    const resources = await engine.administer(
      `SELECT count() FROM resources WHERE position(toString(attributes), '${value}') > 0 FORMAT TSV`,
    );
    return (
      Number(inactive) + Number(logs) + Number(await engine.administer(sql)) + Number(resources)
    );
  });
}

test("erasing a value erases its traces whole, everywhere, and leaves the others", async () => {
  const spans = createSpans(30);
  const parent = spans[0]!;
  const child: OtlpSpan = { ...createSpans(1)[0]!, traceId: parent.traceId, kind: 3 };
  await withStore(data, async (store) => {
    await insert(store, [
      { ...parent, attributes: { "user.id": "jane-4711" } },
      child,
      ...spans.slice(1, 20),
    ]);
    await insert(store, [{ ...spans[20]!, attributes: { "user.id": 4711 } }, ...spans.slice(21)]);
    await insert(store, createSpans(5), { "host.name": "jane-4711" });
    const user = "jane-4711";
    const logs = [{ user }, {}, { traceId: parent.traceId }, { traceId: spans[1]!.traceId }];
    await insertOtlp(store, "logs", toLogs([...logs, { traceId: spans[2]!.traceId, user }]));
    const occurrence = { detector: "n-plus-one", fingerprint: "f".repeat(32), ts: Date.now() };
    await store.insertRows("occurrences", [
      { ...occurrence, trace_id: parent.traceId },
      { ...occurrence, trace_id: spans[5]!.traceId },
    ]);
  });
  const none = await culprit("erase", "--attribute", "user.id=nobody", "--data", data);
  expect(none).toMatchObject({ code: 0 });
  expect(none.output).toContain("nothing carries this value");

  const erased = await culprit("erase", "--attribute", "user.id=jane-4711", "--data", data);
  expect(erased, erased.output).toMatchObject({ code: 0 });
  // The parent's, and the one of which only a log has the value.
  expect(erased.output).toContain("2 traces erased");
  expect(erased.output).toMatch(/1 occurrences.* 3 logs, 3 spans/);
  const number = await culprit("erase", "--attribute", "user.id=4711", "--data", data);
  expect(number.output).toContain("1 traces erased");
  const host = await culprit("erase", "--attribute", "host.name=jane-4711", "--data", data);
  expect(host.output).toContain("5 traces erased");

  expect(await findValue("4711")).toBe(0);
  expect(await countsOf(data)).toEqual({
    spans: 27,
    traceSpans: 27,
    traceIds: 27,
    tracesTraceIds: 27,
    arrivalsTraceIds: 27,
    // Aggregates hold no attributes, and keep what they counted.
    opsSpans: 36,
  });
  const tables = await withStore(data, ({ engine }) =>
    engine.administer("SELECT name FROM system.tables WHERE name LIKE 'erased%' FORMAT TSV"),
  );
  expect(tables).toBe("");
});

test.each(["backup", "restore", "erase"])(
  "%s explains itself, and says what is missing",
  async (name) => {
    expect((await culprit(name, "--help")).output).toContain("Examples:");
    const missing = await culprit(name, "--data", data);
    expect(missing).toMatchObject({ code: 1 });
    expect(missing.output).toMatch(/see --help/);
  },
);
