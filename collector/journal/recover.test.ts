import { spawn } from "node:child_process";
import { appendFile, cp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Journal, type JournalOptions, openJournal } from "./journal.ts";
import {
  diskError,
  entryForTests,
  fileSystemWithFaults,
  StoreForTests,
  temporaryFolder,
} from "./store-for-tests.ts";

const minuteMs = 60_000;
let folder: string;
let nowMs: number;

beforeEach(async () => {
  folder = await temporaryFolder();
  nowMs = Date.UTC(2026, 8, 1);
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function open(
  store: StoreForTests,
  path = folder,
  options: Partial<JournalOptions> = {},
): Promise<Journal> {
  return await openJournal({
    folder: path,
    insert: store.insert,
    bytesMax: 2 ** 20,
    now: () => nowMs,
    log: () => {},
    groupMs: 0,
    closeAfterMs: minuteMs,
    retryMinMs: 1,
    retryMaxMs: 1,
    ...options,
  });
}

/** What a process leaves that died with these requests in its open file. */
async function leave(...numbers: number[]): Promise<{ native: string; sidecar: string }> {
  return await leaveWith({}, ...numbers);
}

async function leaveWith(options: Partial<JournalOptions>, ...numbers: number[]) {
  const store = new StoreForTests();
  store.outage = "away";
  const journal = await open(store, folder, options);
  for (const number of numbers) await journal.append(entryForTests(number, 20 + number));
  await journal.close();
  const names = (await readdir(folder)).filter((name) => /^\d/.test(name)).sort();
  const [native, sidecar] = names.slice(-2).map((name) => join(folder, name));
  return { native: native!, sidecar: sidecar! };
}

async function replay(path = folder) {
  const store = new StoreForTests();
  const journal = await open(store, path);
  await journal.drain();
  const stats = journal.stats();
  const isKnown = (number: number) => journal.hasAccepted(entryForTests(number).bodyHash);
  await journal.close();
  expect(stats.bytes).toBe(await bytesOnDisk(path));
  expect(stats.recoveredRows).toBe(stats.insertedRows + stats.quarantinedRows + stats.corruptRows);
  return { numbers: store.numbers(), tokens: [...store.filesByToken.keys()], stats, isKnown };
}

async function bytesOnDisk(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== "body-key");
  const stats = await Promise.all(files.map((file) => stat(join(file.parentPath, file.name))));
  return stats.reduce((sum, { size }) => sum + size, 0);
}

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at]! ^= 1;
  await writeFile(path, bytes);
}

describe("a start after a crash", () => {
  test("knows all bodies of a block, or none when it is torn", async () => {
    const [whole, torn] = [
      [1, 2, 3],
      [4, 5],
    ].map((numbers) => ({
      ...entryForTests(numbers[0]!),
      bodyHashes: numbers.map((number) => entryForTests(number).bodyHash),
    }));
    const journal = await open(new StoreForTests());
    await journal.append(whole!);
    await journal.append(torn!);
    expect(journal.stats()).toMatchObject({ acceptedRequests: 5, acceptedRows: 2 });
    await journal.close();
    const [sidecar] = (await readdir(folder)).filter((name) => name.endsWith(".sidecar"));
    const path = join(folder, sidecar!);
    await truncate(path, (await stat(path)).size - 12);
    const { numbers, isKnown } = await replay();
    expect(numbers).toEqual([1]);
    expect([1, 2, 3, 4, 5].map(isKnown)).toEqual([true, true, true, false, false]);
  });

  test("replays what was left, oldest first, also when the clock was set back", async () => {
    await leave(1, 2);
    nowMs -= 60 * minuteMs;
    await leave(3);
    const { numbers, stats } = await replay();
    expect(numbers).toEqual([1, 2, 3]);
    expect(stats).toMatchObject({ recoveredRows: 3, insertedRows: 3, insertedFiles: 2 });
  });

  test.each(["native", "sidecar"] as const)(
    "cuts a %s file that is torn at any byte at its last whole record",
    async (kind) => {
      const paths = await leave(1, 2, 3);
      const sidecar = await readFile(paths.sidecar, "latin1");
      const ends = { native: [21, 43, 66], sidecar: lineEnds(sidecar) }[kind];
      const copy = await temporaryFolder();
      for (let bytes = 0; bytes <= ends[2]!; bytes += 1) {
        await cp(folder, copy, { recursive: true });
        await truncate(paths[kind].replace(folder, copy), bytes);
        const { numbers, isKnown, stats } = await replay(copy);
        expect(numbers).toEqual([1, 2, 3].filter((number) => ends[number - 1]! <= bytes));
        expect([1, 2, 3].filter(isKnown)).toEqual(numbers);
        expect(stats.corruptRecords).toBe(0);
        await rm(copy, { recursive: true });
      }
    },
  );

  test("does not find what was refused, because the client sends it again", async () => {
    let isBroken = false;
    const fs = fileSystemWithFaults((operation) => {
      if (isBroken && operation === "sync") throw diskError("EIO");
    });
    const store = new StoreForTests();
    store.outage = "away";
    const journal = await open(store, folder, { fs });
    await journal.append(entryForTests(1));
    // Another file is first in the queue, so that nothing but the writer itself can take the refused block away.
    const drained = journal.drain();
    await journal.append(entryForTests(2));
    isBroken = true;
    await expect(journal.append(entryForTests(3))).rejects.toThrow();
    await journal.close();
    await drained;
    expect((await replay()).numbers).toEqual([1, 2]);
  });

  test("cuts bytes that were never acknowledged, and counts the tear", async () => {
    const { native, sidecar } = await leave(1);
    await appendFile(native, "half a block");
    await appendFile(sidecar, "21 12 9");
    const { numbers, stats } = await replay();
    expect(numbers).toEqual([1]);
    expect(stats).toMatchObject({ tornTails: 1, corruptRecords: 0 });
  });
});

describe("a start with a damaged disk", () => {
  test("skips a damaged block in the middle, and counts its rows", async () => {
    const { native } = await leave(1, 2, 3);
    await flip(native, 30);
    const { numbers, stats, isKnown } = await replay();
    expect(numbers).toEqual([1, 3]);
    expect(stats).toMatchObject({ recoveredRows: 3, corruptRecords: 1, corruptRows: 1 });
    expect(isKnown(2)).toBe(false);
  });

  test("skips a record whose line is damaged", async () => {
    const { sidecar } = await leave(1, 2, 3);
    await flip(sidecar, lineEnds(await readFile(sidecar, "latin1"))[0]! + 3);
    const { numbers, stats } = await replay();
    expect(numbers).toEqual([1, 3]);
    expect(stats).toMatchObject({ corruptRecords: 1 });
  });

  test("keeps the token when it removes a damaged record", async () => {
    const { native } = await leave(1, 2);
    await flip(native, 0);
    const { tokens } = await replay();
    expect(native).toContain(`${tokens[0]}.native`);
  });

  test("finds its records when a crash came between the two renames of a repair", async () => {
    const { native } = await leave(1, 2, 3);
    const bytes = await readFile(native);
    await writeFile(native, Buffer.concat([bytes.subarray(0, 21), bytes.subarray(43)]));
    expect((await replay()).numbers).toEqual([1, 3]);
  });

  test("checks an old file only when its turn comes, and finds the same", async () => {
    const { native } = await leave(1, 2, 3);
    // An hour in which nothing came, and then a record.
    let uptimeMs = 0;
    await leaveWith({ uptimeMs: () => (uptimeMs += 60 * minuteMs) }, 4);
    await flip(native, 30);
    const store = new StoreForTests();
    store.outage = "away";
    const journal = await open(store);
    expect(journal.stats()).toMatchObject({ recoveredRows: 4, journaledRows: 4 });
    store.outage = undefined;
    await journal.drain();
    expect(store.numbers()).toEqual([1, 3, 4]);
    expect(journal.stats()).toMatchObject({ insertedRows: 3, corruptRows: 1, corruptRecords: 1 });
    await journal.close();
  });

  test("quarantines a file without its sidecar, and removes an empty one", async () => {
    const { sidecar } = await leave(1);
    await rm(sidecar);
    await writeFile(join(folder, `${String(nowMs).padStart(15, "0")}-00000000.native`), "");
    const { numbers, stats } = await replay();
    expect(numbers).toEqual([]);
    expect(stats.quarantinedFiles).toBe(1);
    expect(await readdir(folder)).toEqual(["body-key", "quarantine"]);
  });

  test("removes what a repair did not finish, and leaves alone what is not its own", async () => {
    const { native, sidecar } = await leave(1);
    await writeFile(`${native}.new`, "x");
    await writeFile(`${sidecar}.new`, "x");
    await writeFile(join(folder, "notes.new"), "");
    await replay();
    const names = await readdir(folder);
    expect(names.sort()).toEqual([basename(sidecar), "body-key", "notes.new", "quarantine"]);
  });
});

test("kill -9 of a process loses nothing that it acknowledged", async () => {
  const script = `
    const { openJournal } = await import(${JSON.stringify(import.meta.resolve("./journal.ts"))});
    const { entryForTests } = await import(${JSON.stringify(import.meta.resolve("./store-for-tests.ts"))});
    const away = async () => { throw Object.assign(new Error("away"), { code: "STORE_UNAVAILABLE" }) };
    const journal = await openJournal({ folder: process.argv[1], insert: away, bytesMax: 2 ** 30,
      now: Date.now, log: () => {}, groupMs: 1, closeAfterMs: 20 });
    for (let number = 1; ; number += 1)
      await journal.append(entryForTests(number, 5000)).then(() => console.log(number));
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, folder]);
  const acknowledged: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === 40) child.kill("SIGKILL");
  }
  nowMs = Date.now();
  const { numbers, isKnown } = await replay();
  expect(acknowledged.length).toBeGreaterThanOrEqual(40);
  expect(numbers.slice(0, acknowledged.length)).toEqual(acknowledged);
  expect(numbers.length - acknowledged.length).toBeLessThanOrEqual(1);
  expect(acknowledged.every(isKnown)).toBe(true);
});

function lineEnds(text: string): number[] {
  return [...text.matchAll(/\n/g)].map(({ index }) => index + 1);
}
