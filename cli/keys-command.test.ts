import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseKeyFile } from "../collector/auth/key-file.ts";
import { KeyRing } from "../collector/auth/key-ring.ts";
import { startNode } from "../test/support/processes.ts";

const main = join(import.meta.dirname, "main.ts");
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-keys-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function keys(...args: readonly string[]) {
  const started = await startNode({ args: [main, "keys", ...args], env: { CULPRIT_DATA: folder } });
  return { code: await started.ended, output: started.output() };
}

const secretIn = (output: string) => /culprit_ingest_\S+/.exec(output)?.[0] ?? "none";
const idIn = (output: string) => /Key (\w{12})/.exec(output)?.[1] ?? "none";

test("a key is shown once, valid at once, listed without itself, and revoked by its id", async () => {
  const created = await keys(
    ..."create --name shop --services shop,cart --kib-per-second 2".split(" "),
    ..."--spans-per-day 500 --expires-days 30".split(" "),
  );
  expect(created.code).toBe(0);
  const secret = secretIn(created.output);
  const file = join(folder, "ingest-keys.json");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const [key] = parseKeyFile(await readFile(file, "utf8"), file);
  expect(key).toMatchObject({
    name: "shop",
    services: ["shop", "cart"],
    bytesPerSecond: 2048,
    spansPerDay: 500,
  });
  expect(key!.expiresAt! - key!.createdAt).toBe(30 * 86_400_000);
  const ring = new KeyRing(Date.now);
  ring.replace([key!]);
  expect(ring.authorize({ apiKey: secret })).toBeDefined();

  const listed = await keys("list");
  expect(listed.output).toMatch(
    new RegExp(
      `^${key!.id} +shop +valid until \\S+ +\\S+ +never +0 of 500 +shop,cart, 2 KiB/s$`,
      "m",
    ),
  );
  expect(listed.output).not.toContain(secret);
  expect((await keys("revoke", key!.id)).code).toBe(0);
  expect((await keys("list")).output).toMatch(/shop +revoked 2/);
  expect((await keys("revoke", key!.id)).output).toContain("has no valid key");
});

test("a name is enough to revoke, while it is one key's", async () => {
  await keys("create", "--name", "shop");
  const second = await keys("create", "--name", "shop");
  expect(await keys("revoke", "shop")).toMatchObject({
    code: 1,
    output: expect.stringContaining("say the id"),
  });
  expect((await keys("revoke", idIn(second.output))).code).toBe(0);
  expect((await keys("revoke", "shop")).code).toBe(0);
});

test("--file makes keys for a file of its own", async () => {
  const file = join(folder, "secret/ingest-keys.json");
  expect((await keys("create", "--name", "cluster", "--file", file)).code).toBe(0);
  expect(parseKeyFile(await readFile(file, "utf8"), file)).toHaveLength(1);
  expect((await keys("list")).output).toContain("No keys");
});

test.each([
  [[], "say create, list or revoke"],
  [["crate"], "say create, list or revoke"],
  [["create"], "--name must be"],
  [["create", "shop"], "a word too many"],
  [["create", "--name", "a", "--services", "a,,b"], "--services must be names"],
  [["create", "--name", "a", "--spans-per-day", "0"], "--spans-per-day must be"],
  [["create", "--name", "a", "--kib-per-second", "1.5"], "--kib-per-second must be"],
  [["create", "--name", "a", "--expires-days", "soon"], "--expires-days must be"],
  [["create", "--nam", "a"], "--nam"],
  [["revoke"], "say which"],
])("%j is refused with a hint", async (args, message) => {
  const { code, output } = await keys(...args);
  expect(code).toBe(1);
  expect(output).toContain(message);
  expect(output).not.toContain("    at ");
});

test("keys --help has examples", async () => {
  const { code, output } = await keys("--help");
  expect(code).toBe(0);
  expect(output).toContain("culprit keys create --name shop");
  expect(output).toContain("within 3 seconds");
});
