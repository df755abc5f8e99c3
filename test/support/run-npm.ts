import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { prepareFolder } from "./prepare-folder.ts";

/** A registry that answers late or not at all is asked again. */
const flags = ["--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=5"];

/** Runs npm in a folder; gives what it writes. */
export async function runNpm(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("npm", [...args, ...flags], { cwd: folder });
  return stdout;
}

/** `npm ci` in a folder, once for its lock file. */
export async function installInPlace(folder: string, ...args: readonly string[]): Promise<void> {
  const lock = await readFile(join(folder, "package-lock.json"), "utf8");
  const marker = join(folder, "node_modules/.installed-lock.json");
  if ((await readFile(marker, "utf8").catch(() => "")) === lock) return;
  await installLocked(folder, ...args);
  await writeFile(marker, lock);
}

/**
 * What a folder's lock file names, installed elsewhere, once for it: several files of tests may ask for it at the same
 * time. `finish`: does what is left to do in the new folder.
 */
export async function installAside(
  folder: string,
  finish: (aside: string) => Promise<void> = async () => undefined,
): Promise<string> {
  const lock = await readFile(join(folder, "package-lock.json"));
  const version = createHash("sha256").update(lock).digest("hex").slice(0, 12);
  return prepareFolder(`${basename(folder)}-${version}`, async (aside) => {
    const filter = (path: string) => basename(path) !== "node_modules";
    await cp(folder, aside, { recursive: true, filter });
    await installLocked(aside, "--ignore-scripts");
    await finish(aside);
  });
}

async function installLocked(folder: string, ...args: readonly string[]): Promise<void> {
  await runNpm(folder, "ci", ...args).catch((cause) => {
    throw new Error(`npm ci in ${folder} needs the npm registry`, { cause });
  });
}
