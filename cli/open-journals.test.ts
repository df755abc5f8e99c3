import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { StorageError } from "../storage/store.ts";
import { openJournals } from "./open-journals.ts";

const dataFolder = mkdtempSync(join(tmpdir(), "open-journals-"));
const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened) await close();
  rmSync(dataFolder, { recursive: true, force: true });
});

test("the journals share one limit: what one has, the others have not", async () => {
  const insertBlocks = () => Promise.reject(new StorageError("STORE_UNAVAILABLE", "away"));
  const journals = await openJournals(
    { dataFolder, journalBytesMax: 10_000 },
    { store: { insertBlocks }, now: Date.now, log: () => undefined, opened },
  );
  const entry = (bytes: number, bodyHash: string) => ({
    block: new Uint8Array(bytes),
    rows: 1,
    bodyHashes: [bodyHash],
  });
  await journals.logs.append(entry(6_000, "a"));
  await expect(journals.traces.append(entry(5_000, "b"))).rejects.toMatchObject({
    code: "JOURNAL_FULL",
  });
  await journals.traces.append(entry(2_000, "c"));
  await expect(journals.metrics.append(entry(2_000, "d"))).rejects.toMatchObject({
    code: "JOURNAL_FULL",
  });
});
