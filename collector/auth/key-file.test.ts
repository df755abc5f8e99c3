import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { generateIngestKey } from "./ingest-key.ts";
import { changeKeyFile, KeyFileError, parseKeyFile, readKeyFile } from "./key-file.ts";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-keys-"));
  path = join(folder, "data/ingest-keys.json");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const terms = {
  name: "shop",
  services: ["shop", "cart"],
  bytesPerSecond: 1000,
  spansPerDay: 5,
  expiresAt: Date.UTC(2027, 0, 1),
};

test("keys are read as they were written, and the file holds no key", async () => {
  const { secret, key } = generateIngestKey(terms, Date.UTC(2026, 0, 1));
  const revoked = { ...generateIngestKey({ name: "old" }, 1000).key, revokedAt: 2000 };
  await changeKeyFile(path, () => [key, revoked]);
  expect(await readKeyFile(path)).toEqual([key, revoked]);
  const text = await readFile(path, "utf8");
  expect(text).not.toContain(secret);
  expect(text).not.toContain(secret.slice(-20));
  expect(text).toContain('"createdAt": "2026-01-01T00:00:00.000Z"');
});

test("two keys are never alike", () => {
  const secrets = Array.from({ length: 100 }, () => generateIngestKey({ name: "a" }, 0).secret);
  expect(new Set(secrets).size).toBe(100);
  expect(secrets[0]).toMatch(/^culprit_ingest_[\w-]{43}$/);
});

test("the file is its owner's alone, and nothing else is left behind", async () => {
  await changeKeyFile(path, (keys) => [...keys, generateIngestKey(terms, 0).key]);
  await changeKeyFile(path, (keys) => [...keys, generateIngestKey(terms, 0).key]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(folder, "data"))).toEqual(["ingest-keys.json"]);
  expect(await readKeyFile(path)).toHaveLength(2);
});

test("of many that write at once none undoes another: each is done or refused", async () => {
  const changes = Array.from({ length: 20 }, () =>
    changeKeyFile(path, (keys) => [...keys, generateIngestKey(terms, 0).key]),
  );
  const done = (await Promise.allSettled(changes)).filter(({ status }) => status === "fulfilled");
  expect(done.length).toBeGreaterThan(0);
  expect(await readKeyFile(path)).toHaveLength(done.length);
});

test("a change that fails leaves the file as it was", async () => {
  await changeKeyFile(path, () => [generateIngestKey(terms, 0).key]);
  const before = await readFile(path, "utf8");
  const fails = changeKeyFile(path, () => {
    throw new Error("no such key");
  });
  await expect(fails).rejects.toThrow("no such key");
  expect(await readFile(path, "utf8")).toBe(before);
  await changeKeyFile(path, (keys) => keys);
});

test("there may be no file", async () => {
  expect(await readKeyFile(path)).toEqual([]);
});

const valid = { name: "a", sha256: "0".repeat(64), createdAt: "2026-01-01T00:00:00Z" };

test.each<[string, unknown]>([
  ["must be JSON", "secret {"],
  ["must be JSON", []],
  ["must be JSON", { keys: {} }],
  ["key 1 is no object", { keys: ["secret"] }],
  ["must have name, sha256 and createdAt", { keys: [{ name: "a" }] }],
  ['"spansperday" is unknown or wrong', { keys: [{ ...valid, spansperday: 1 }] }],
  ['"sha256" is unknown or wrong', { keys: [{ ...valid, sha256: "secret" }] }],
  ['"sha256" is unknown or wrong', { keys: [{ ...valid, sha256: "A".repeat(64) }] }],
  ['"services" is unknown or wrong', { keys: [{ ...valid, services: [] }] }],
  ['"services" is unknown or wrong', { keys: [{ ...valid, services: "shop" }] }],
  ['"spansPerDay" is unknown or wrong', { keys: [{ ...valid, spansPerDay: 0 }] }],
  ['"bytesPerSecond" is unknown or wrong', { keys: [{ ...valid, bytesPerSecond: "9" }] }],
  ['"expiresAt" is unknown or wrong', { keys: [{ ...valid, expiresAt: "soon" }] }],
  ['"toString" is unknown or wrong', { keys: [{ ...valid, toString: "x" }] }],
  ["the same key stands twice", { keys: [valid, { ...valid, name: "b" }] }],
  ["may hold 1000 keys", { keys: Array.from({ length: 1001 }, () => valid) }],
])("a file is refused that is not what it should be: %s", (message, file) => {
  const text = typeof file === "string" ? file : JSON.stringify(file);
  const parse = () => parseKeyFile(text, "keys.json");
  expect(parse).toThrow(KeyFileError);
  expect(parse).toThrow(message);
  expect(parse).not.toThrow(/secret/);
});

test("a lock that a killed command left is named", async () => {
  await changeKeyFile(path, () => []);
  await writeFile(`${path}.lock`, "");
  await expect(changeKeyFile(path, () => [])).rejects.toThrow(`remove ${path}.lock`);
});
