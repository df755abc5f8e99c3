import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type HashBody, openBodyHash } from "./body-hash.ts";
import type { FileSystem } from "./journal-file.ts";
import { createJournalTotals } from "./journal-stats.ts";
import { SpoolFolder } from "./spool-folder.ts";
import { diskError, fileSystemWithFaults, temporaryFolder } from "./store-for-tests.ts";

const body = Buffer.from("a body");
let folder: string;
let keyFile: string;
let logged: string[];

beforeEach(async () => {
  folder = await temporaryFolder();
  keyFile = join(folder, "body-key");
  logged = [];
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

function open(path = folder, fs: FileSystem = fileSystemWithFaults(() => undefined)) {
  const spool = new SpoolFolder(fs, path, createJournalTotals());
  return openBodyHash(spool, (message) => logged.push(message));
}

test("bodies have the same hash if, and only if, they are equal", async () => {
  const hashBody = await open();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), fc.uint8Array(), async (one, other) => {
      expect(hashBody(one.slice())).toBe(hashBody(one));
      expect(hashBody(other) === hashBody(one)).toBe(Buffer.compare(one, other) === 0);
      expect(hashBody(Buffer.concat([one, Buffer.alloc(1)]))).not.toBe(hashBody(one));
    }),
  );
});

test("the next start knows the bodies of this one; another journal has other hashes", async () => {
  const hash = (await open())(body);
  expect(hash).toMatch(/^[0-9a-f]{32}$/);
  expect((await open())(body)).toBe(hash);
  const other = join(folder, "other");
  await mkdir(other);
  expect((await open(other))(body)).not.toBe(hash);
  expect(logged).toEqual([]);
});

test("nobody else may read the key", async () => {
  await open();
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
});

test("a key that is cut short is made again", async () => {
  const hash = (await open())(body);
  await writeFile(keyFile, (await readFile(keyFile)).subarray(1));
  const next = (await open())(body);
  expect(next).not.toBe(hash);
  expect((await open())(body)).toBe(next);
});

test.each(["open", "sync"])(
  "where the key can't be kept (%s), a start says so and has one of its own",
  async (failing) => {
    const fs = fileSystemWithFaults((operation) => {
      if (operation === failing) throw diskError("ENOSPC");
    });
    const hashes: HashBody[] = [await open(folder, fs), await open(folder, fs)];
    const [one, other] = hashes.map((hashBody) => hashBody(body));
    expect(one).not.toBe(other);
    expect(logged).toHaveLength(2);
    expect(logged[0]).toContain("retries of bodies of before this start");
  },
);
