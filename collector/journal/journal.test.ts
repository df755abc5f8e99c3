import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { until } from "../../test/support/until.ts";
import { type Journal, type JournalOptions, openJournal } from "./journal.ts";
import {
  diskError,
  entryForTests,
  type Fault,
  fileSystemWithFaults,
  StoreForTests,
  temporaryFolder,
} from "./store-for-tests.ts";

const minuteMs = 60_000;
let folder: string;
let store: StoreForTests;
let nowMs: number;
let uptimeMs: number;
let log: string[];
const opened: Journal[] = [];

beforeEach(async () => {
  folder = await temporaryFolder();
  store = new StoreForTests();
  nowMs = Date.UTC(2026, 8, 1);
  uptimeMs = 0;
  log = [];
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((journal) => journal.close()));
  await rm(folder, { recursive: true });
});

async function open(options: Partial<JournalOptions> = {}): Promise<Journal> {
  const journal = await openJournal({
    folder,
    insert: store.insert,
    bytesMax: 2 ** 20,
    now: () => nowMs,
    uptimeMs: () => uptimeMs,
    log: (message) => log.push(message),
    groupMs: 1,
    closeAfterMs: minuteMs,
    retryMinMs: 1,
    retryMaxMs: 2,
    ...options,
  });
  opened.push(journal);
  return journal;
}

async function append(journal: Journal, ...numbers: number[]): Promise<void> {
  await Promise.all(numbers.map((number) => journal.append(entryForTests(number))));
}

async function names(ending: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith(ending)).sort();
}

function expectBalance(journal: Journal): void {
  const stats = journal.stats();
  expect(stats.acceptedRows + stats.recoveredRows).toBe(
    stats.insertedRows + stats.journaledRows + stats.quarantinedRows + stats.corruptRows,
  );
}

interface BadDisk {
  readonly code: "ENOSPC" | "EIO";
  /** Which "operation path" fails. */
  readonly broken: RegExp;
  readonly closeAfterRows: number;
}

describe("appending", () => {
  test("requests that arrive together share one fsync, and are acknowledged after it", async () => {
    const operations: string[] = [];
    const fault: Fault = (operation, path) => {
      if (path.endsWith(".native")) operations.push(operation);
    };
    const journal = await open({ fs: fileSystemWithFaults(fault) });
    await append(journal, 1, 2, 3).then(() => operations.push("acknowledged"));
    expect(operations).toEqual(["open", "writev", "sync", "acknowledged"]);
    expect(journal.stats()).toMatchObject({ acceptedRequests: 3, journaledRows: 3, files: 1 });
  });

  test("a file is inserted when it has enough rows", async () => {
    const journal = await open({ closeAfterRows: 2 });
    await append(journal, 1, 2);
    await append(journal, 3, 4);
    await append(journal, 5);
    await journal.drain();
    expect([...store.filesByToken.values()].map((file) => file.length)).toEqual([80, 80, 40]);
    expect(store.numbers()).toEqual([1, 2, 3, 4, 5]);
  });

  test("a file is inserted when its time is over", async () => {
    const inserted = Promise.withResolvers<void>();
    const insert = async (file: string, token: string) => {
      await store.insert(file, token);
      inserted.resolve();
    };
    await append(await open({ closeAfterMs: 5, insert }), 1);
    await inserted.promise;
    expect(store.numbers()).toEqual([1]);
  });

  test("an inserted file goes, its sidecar stays until a record is 15 minutes younger", async () => {
    const journal = await open();
    await append(journal, 1);
    await journal.drain();
    expect(await names(".native")).toEqual([]);
    expect(await names(".sidecar")).toHaveLength(1);
    uptimeMs += 15 * minuteMs;
    await append(journal, 2);
    await journal.drain();
    await journal.close();
    await open();
    expect(await names(".sidecar")).toHaveLength(1);
  });

  test("a kept sidecar goes when its time is over", async () => {
    vi.useFakeTimers({ toFake: ["setInterval"] });
    const journal = await open();
    await append(journal, 1);
    await journal.drain();
    vi.advanceTimersByTime(minuteMs);
    expect(await names(".sidecar")).toHaveLength(1);
    uptimeMs += 15 * minuteMs + 1;
    vi.advanceTimersByTime(minuteMs);
    vi.useRealTimers();
    await until(async () => (await names(".sidecar")).length === 0);
    await until(() => journal.stats().bytes === 0);
  });

  test("a closed journal takes nothing", async () => {
    const journal = await open();
    await journal.close();
    await expect(append(journal, 1)).rejects.toMatchObject({ code: "JOURNAL_CLOSED" });
  });
});

describe("body hashes", () => {
  test("are remembered for 15 minutes that a process ran, whatever the clock says", async () => {
    const { bodyHash } = entryForTests(1);
    const journal = await open();
    expect(journal.hasAccepted(bodyHash)).toBe(false);
    await append(journal, 1);
    expect(journal.hasAccepted(bodyHash)).toBe(true);
    const hash = journal.hashBody(Buffer.from("a body"));
    await journal.drain();
    await journal.close();

    for (const hours of [300, -500]) {
      nowMs += hours * 60 * minuteMs;
      uptimeMs = hours;
      const next = await open();
      uptimeMs += 14 * minuteMs;
      nowMs += 60 * minuteMs;
      expect(next.hasAccepted(bodyHash)).toBe(true);
      expect(next.hashBody(Buffer.from("a body"))).toBe(hash);
      uptimeMs += minuteMs;
      expect(next.hasAccepted(bodyHash)).toBe(false);
      await next.close();
    }
  });

  test("the oldest are forgotten early when there are too many, and counted", async () => {
    const journal = await open({ rememberBodiesMax: 2 });
    for (const number of [1, 2, 3]) await append(journal, number);
    const known = [1, 2, 3].map((number) => journal.hasAccepted(entryForTests(number).bodyHash));
    expect(known).toEqual([false, true, true]);
    expect(journal.stats()).toMatchObject({ rememberedBodies: 2, forgottenBodies: 1 });
  });
});

describe("a store that fails", () => {
  test("a store that is away only makes the journal longer, and gets everything in order", async () => {
    const journal = await open();
    store.outage = "away";
    for (const number of [1, 2, 3]) {
      await append(journal, number);
      await Promise.race([journal.drain(), append(journal, number + 10)]);
      uptimeMs += 10;
    }
    expect(journal.stats()).toMatchObject({ insertedRows: 0, journaledRows: 6 });
    expect(journal.stats().oldestAgeMs).toBe(30);
    nowMs -= minuteMs;
    expect(journal.stats().oldestAgeMs).toBe(30);
    expectBalance(journal);
    store.outage = undefined;
    await journal.drain();
    expect(store.numbers()).toEqual([1, 11, 2, 12, 3, 13]);
    expect(journal.stats()).toMatchObject({ insertedRows: 6, journaledRows: 0, oldestAgeMs: 0 });
    expect(log).toEqual([
      expect.stringContaining("can't be inserted"),
      expect.stringContaining("inserts go on"),
    ]);
  });

  test("beyond its limit the journal is full, and takes more after inserts", async () => {
    store.outage = "away";
    const journal = await open({ bytesMax: 1000 });
    await journal.append(entryForTests(1, 600));
    const full = journal.append(entryForTests(2, 600));
    await expect(full).rejects.toMatchObject({ code: "JOURNAL_FULL" });
    store.outage = undefined;
    await journal.drain();
    await journal.append(entryForTests(2, 600));
    await journal.drain();
    expect(store.numbers()).toEqual([1, 2]);
  });

  test("a file that is refused for good is quarantined and does not hold up the next", async () => {
    const journal = await open();
    store.failures.push("refused", "away", "refused", "refused");
    await append(journal, 1);
    await journal.drain();
    await append(journal, 2);
    await journal.drain();
    expect(store.numbers()).toEqual([2]);
    expect(await readdir(join(folder, "quarantine"))).toHaveLength(2);
    expect(journal.stats()).toMatchObject({ quarantinedFiles: 1, quarantinedRows: 1 });
    expect(journal.stats().bytes).toBeGreaterThan(0);
    expectBalance(journal);
  });

  test("quarantined files that are moved back are inserted at the next start", async () => {
    const journal = await open({ insertAttemptsMax: 1 });
    store.failures.push("refused");
    await append(journal, 1);
    await journal.drain();
    await journal.close();
    for (const name of await readdir(join(folder, "quarantine"))) {
      await rename(join(folder, "quarantine", name), join(folder, name));
    }
    await (await open()).drain();
    expect(store.numbers()).toEqual([1]);
  });

  test("a file that was stored before the store died is sent again with its token", async () => {
    const journal = await open();
    store.failures.push("after storing");
    await append(journal, 1);
    await journal.drain();
    expect(store.inserts).toBe(2);
    expect(store.numbers()).toEqual([1]);
  });
});

describe("a disk that fails", () => {
  const disks = [
    ["no space for a block", "ENOSPC", /^writev .*native$/],
    ["no space for a sidecar line", "ENOSPC", /^appendFile .*sidecar$/],
    ["a block can't be fsynced", "EIO", /^sync .*native$/],
    ["a sidecar can't be fsynced", "EIO", /^sync .*sidecar$/],
    ["nothing can be fsynced or cut back", "EIO", /^(sync|truncate) /],
    ["nothing works", "EIO", /^(?!close)/],
  ] as const;

  test.each(disks)("%s: what the open file has is safe", async (_, code, broken) => {
    await expectRefusal({ code, broken, closeAfterRows: 100 });
  });

  test.each([...disks, ["no file can be created", "ENOSPC", /^open .*native$/] as const])(
    "%s: a new file is given up",
    async (_, code, broken) => {
      await expectRefusal({ code, broken, closeAfterRows: 1 });
    },
  );

  async function expectRefusal({ code, broken, closeAfterRows }: BadDisk): Promise<void> {
    let isBroken = false;
    const fault: Fault = (operation, path) => {
      if (isBroken && broken.test(`${operation} ${path}`)) throw diskError(code);
    };
    const journal = await open({ fs: fileSystemWithFaults(fault), closeAfterRows });
    await append(journal, 1);
    isBroken = true;
    await expect(append(journal, 2)).rejects.toMatchObject({ code: "JOURNAL_FAILED" });
    expect(journal.hasAccepted(entryForTests(2).bodyHash)).toBe(false);
    isBroken = false;
    await append(journal, 2);
    await journal.drain();
    expect(store.numbers()).toEqual([1, 2]);
    expect(journal.stats().failedWrites).toBeGreaterThan(0);
    expect(log).toEqual([
      expect.stringContaining("can't be written"),
      expect.stringContaining("written again"),
    ]);
    expect(await names(".native")).toEqual([]);
    expectBalance(journal);
  }

  test("a disk that is slow makes requests fail, not memory grow", async () => {
    const disk = Promise.withResolvers<void>();
    const syncing = Promise.withResolvers<void>();
    const fault: Fault = async (operation) => {
      if (operation !== "writev") return;
      syncing.resolve();
      await disk.promise;
    };
    const journal = await open({ fs: fileSystemWithFaults(fault), waitingBytesMax: 100 });
    const first = append(journal, 1);
    await syncing.promise;
    const second = append(journal, 2);
    await expect(append(journal, 3)).rejects.toMatchObject({ code: "JOURNAL_BUSY" });
    expect(journal.stats()).toMatchObject({ waitingBytes: 80, files: 0, oldestAgeMs: 0 });
    disk.resolve();
    await Promise.all([first, second]);
    expect(journal.stats().waitingBytes).toBe(0);
    await journal.drain();
    expect(store.numbers()).toEqual([1, 2]);
  });
});
