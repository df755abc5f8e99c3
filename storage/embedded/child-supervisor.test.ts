import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, expect, test, vi } from "vitest";
import { isRunning } from "../../test/support/is-running.ts";
import { startNode } from "../../test/support/processes.ts";
import { writeManySpans } from "../../test/support/span-file.ts";
import { patienceMs, until } from "../../test/support/until.ts";
import { type StoredCountsRow, storedCountsQuery } from "../queries/stored-counts.ts";
import { watermarkQuery } from "../queries/watermark.ts";
import { openEmbeddedStore, takeEmbeddedStore } from "./open-embedded-store.ts";

const root = mkdtempSync(join(tmpdir(), "culprit-child-"));
let folders = 0;
const newFolder = () => join(root, `store-${++folders}`);
const patient = { timeout: patienceMs, interval: 50 };

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The row when `spans` spans in traces of ten are stored, each once, and every view agrees. */
function counts(spans: number): StoredCountsRow {
  const traces = spans / 10;
  return {
    spans,
    opsSpans: spans,
    traceSpans: spans,
    traceIds: traces,
    tracesTraceIds: traces,
    arrivalsTraceIds: traces,
  };
}

test("a child that dies rejects the calls under way; another takes its place and has the data", async () => {
  const store = await openEmbeddedStore({ folder: newFolder() });
  await store.insertRows("watermarks", [{ name: "mine", at: 5, value: "7" }]);
  const first = store.childPid()!;
  const slow = { name: "slow", sql: "SELECT sleep(3)" };
  const underWay = [1, 2, 3, 4].map(() => store.select(slow, {}));
  process.kill(first, "SIGKILL");
  for (const call of underWay) {
    await expect(call).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  }
  await expect(store.select(slow, {})).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });

  const rows = await vi.waitFor(() => store.select(watermarkQuery, { name: "mine" }), patient);
  expect(rows).toEqual([{ name: "mine", atMs: 5, value: "7" }]);
  expect(store.childPid()).not.toBe(first);
  expect(store.stats()).toMatchObject({ restarts: 1, rowInserts: 1, rowInsertFailures: 0 });
  await store.close();
});

test("a kill in the middle of an insert is healed by inserting the same file again", async () => {
  const folder = newFolder();
  const file = join(root, "killed.native");
  const spans = 40_000;
  for (let round = 1; round <= 10; round++) {
    await writeManySpans(file, { spans, seed: round });
    const killed = await openEmbeddedStore({ folder });
    const insert = killed
      .insertBlocks("spans", file, `round-${round}`)
      .catch((error) => error.code);
    const killAfterMs = Math.random() * 300;
    await delay(killAfterMs);
    process.kill(killed.childPid()!, "SIGKILL");
    expect([undefined, "STORE_UNAVAILABLE"]).toContain(await insert);
    await killed.close();

    const store = await openEmbeddedStore({ folder });
    await store.insertBlocks("spans", file, `round-${round}`);
    const stored = await store.select(storedCountsQuery, {});
    expect(stored, `killed after ${killAfterMs} ms`).toEqual([counts(spans * round)]);
    await store.close();
  }
});

test("a closed store answers nothing, its process is gone, and the next one finds the data", async () => {
  const folder = newFolder();
  const store = await openEmbeddedStore({ folder });
  const pid = store.childPid()!;
  await store.insertRows("watermarks", [{ name: "mine", at: 1, value: "7" }]);
  await store.close();
  await store.close();
  expect(isRunning(pid)).toBe(false);
  await expect(store.select(watermarkQuery, { name: "mine" })).rejects.toThrow(
    "the store is closed",
  );

  const next = await openEmbeddedStore({ folder });
  expect(await next.select(watermarkQuery, { name: "mine" })).toMatchObject([{ value: "7" }]);
  await next.close();
});

test("closing rejects the calls under way, and ends also a child that is being started again", async () => {
  const store = await openEmbeddedStore({ folder: newFolder() });
  const slow = store.select({ name: "slow", sql: "SELECT sleep(1)" }, {});
  const pid = store.childPid()!;
  const closed = store.close();
  await expect(slow).rejects.toThrow("the store is closed");
  await closed;
  expect(isRunning(pid)).toBe(false);

  const dying = await openEmbeddedStore({ folder: newFolder() });
  const first = dying.childPid()!;
  process.kill(first, "SIGKILL");
  await until(() => dying.childPid() !== first);
  await dying.close();
  expect(dying.childPid()).toBeUndefined();
});

test("a second store of a folder waits until the first lets go of it", async () => {
  const folder = newFolder();
  const log: string[] = [];
  const first = await openEmbeddedStore({ folder });
  const second = openEmbeddedStore({ folder, onLog: (line) => void log.push(line) });
  await until(() => log.join().includes(`another process holds ${folder}: waiting`));
  await first.close();
  const store = await second;
  expect(await store.select(storedCountsQuery, {})).toEqual([counts(0)]);
  await store.close();
});

test("a folder that is taken is migrated while its owner goes on", async () => {
  const { store, ready } = await takeEmbeddedStore({ folder: newFolder() });
  expect(store.isReady()).toBe(false);
  await expect(store.select(storedCountsQuery, {})).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
  });
  await ready;
  expect(store.isReady()).toBe(true);
  expect(await store.select(storedCountsQuery, {})).toEqual([counts(0)]);
  await store.close();
});

test("a folder that can't be migrated is let go of, with the reason", async () => {
  const folder = newFolder();
  const first = await openEmbeddedStore({ folder });
  await first.engine.administer(
    "INSERT INTO migrations SELECT 9999, '9999-later.sql', 'hash', now('UTC')",
  );
  await first.close();
  const { store, ready } = await takeEmbeddedStore({ folder });
  await expect(ready).rejects.toThrow("9999-later.sql was applied by a newer version");
  await until(() => store.childPid() === undefined);
});

test("a folder that can't be made is refused with the reason", async () => {
  const file = join(root, "a-file");
  writeFileSync(file, "");
  await expect(openEmbeddedStore({ folder: file })).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
    message: expect.stringContaining("EEXIST"),
  });
});

test("the child ends with a parent that was killed", async () => {
  const module = new URL("./open-embedded-store.ts", import.meta.url);
  const script = `
    const { openEmbeddedStore } = await import(${JSON.stringify(module.href)});
    const store = await openEmbeddedStore({ folder: ${JSON.stringify(newFolder())} });
    process.stdout.write("child " + store.childPid() + "\\n");`;
  const parent = await startNode({ args: ["--input-type=module", "--eval", script] });
  const [, pid] = await parent.waitFor(/child (\d+)/);
  process.kill(parent.pid, "SIGKILL");
  await parent.ended;
  await until(() => !isRunning(Number(pid)));
});
