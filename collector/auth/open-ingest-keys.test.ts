import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Counters } from "../counters.ts";
import { generateIngestKey } from "./ingest-key.ts";
import { changeKeyFile } from "./key-file.ts";
import { type IngestKeys, openIngestKeys } from "./open-ingest-keys.ts";

let folder: string;
let counters: Counters;
let logged: string[];
let opened: IngestKeys[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-keys-"));
  counters = new Counters();
  logged = [];
  opened = [];
});
afterEach(async () => {
  for (const keys of opened) await keys.close();
  await rm(folder, { recursive: true, force: true });
});

const inFolder = (name: string) => join(folder, name);

async function open(staticKeyFile?: string): Promise<IngestKeys> {
  const keys = await openIngestKeys({
    keyFile: inFolder("keys.json"),
    staticKeyFile,
    usageFile: inFolder("usage.json"),
    now: () => 1000,
    log: (line) => logged.push(line),
    counters,
  });
  opened.push(keys);
  return keys;
}

/** Adds a key to a file; returns what shows it. */
async function addKey(file = "keys.json", name = "shop"): Promise<{ apiKey: string }> {
  const { secret, key } = generateIngestKey({ name }, 0);
  await changeKeyFile(inFolder(file), (keys) => [...keys, key]);
  return { apiKey: secret };
}

test("keys that are made or revoked while it runs are noticed", async () => {
  const keys = await open();
  expect(keys.ring.isRequired).toBe(false);
  const shop = await addKey();
  await keys.check();
  expect(keys.ring.authorize(shop)).toBeDefined();
  await changeKeyFile(inFolder("keys.json"), (all) => all.map((key) => ({ ...key, revokedAt: 1 })));
  await keys.check();
  expect(() => keys.ring.authorize(shop)).toThrow("was revoked");
  expect(logged).toEqual([]);
});

test("keys of a file that is handed in count beside those of the data folder", async () => {
  const [own, given] = [await addKey(), await addKey("given.json")];
  const keys = await open(inFolder("given.json"));
  expect(keys.ring.authorize(own)).toBeDefined();
  expect(keys.ring.authorize(given)).toBeDefined();
  expect(keys.ring.countValid()).toBe(2);
});

test("a file that is handed in must be there, and one that can't be used is no start", async () => {
  await expect(open(inFolder("given.json"))).rejects.toThrow("given.json is not there");
  await writeFile(inFolder("keys.json"), '{"keys":[{}]}');
  await expect(open()).rejects.toThrow("key 1 must have");
});

test.each<[string, () => Promise<unknown>, string]>([
  ["damaged", () => writeFile(inFolder("keys.json"), '{"keys":'), "must be JSON"],
  ["gone", () => rm(inFolder("keys.json")), "is not there"],
  ["too large", () => writeFile(inFolder("keys.json"), Buffer.alloc(2 ** 20 + 1)), "is over"],
])("while its file is %s the former keys stay, which is told once", async (_, spoil, message) => {
  const shop = await addKey();
  const keys = await open();
  await spoil();
  await keys.check();
  await keys.check();
  expect(keys.ring.authorize(shop)).toBeDefined();
  expect(() => keys.ring.authorize({})).toThrow("an ingest key is needed");
  expect(logged).toEqual([expect.stringContaining(message)]);
  expect(counters.value("key_file_errors")).toBe(1);
  await rm(inFolder("keys.json"), { force: true });
  const next = await addKey();
  await keys.check();
  expect(keys.ring.authorize(next)).toBeDefined();
  expect(() => keys.ring.authorize(shop)).toThrow("unknown");
});

test("what the keys used is there for the next process, and a damaged record of it is no hindrance", async () => {
  const shop = await addKey();
  const first = await open();
  first.ring.authorize(shop).takeRows(7);
  await first.close();
  expect(Object.values(JSON.parse(await readFile(inFolder("usage.json"), "utf8")))).toEqual([
    { lastUsedAt: 1000, day: 0, rows: 7 },
  ]);
  await writeFile(inFolder("usage.json"), '{"a":{"rows":"many"},"b":');
  expect((await open()).ring.authorize(shop)).toBeDefined();
});
