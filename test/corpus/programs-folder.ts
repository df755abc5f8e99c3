import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

export const programsFolder = join(import.meta.dirname, "../fixtures/programs");
const marker = join(programsFolder, "node_modules/.installed-lock.json");

/** Installs what the programs are written with; does nothing when it is there. */
export async function installPrograms(): Promise<void> {
  const lock = await readFile(join(programsFolder, "package-lock.json"), "utf8");
  if ((await readFile(marker, "utf8").catch(() => "")) === lock) return;
  await promisify(execFile)("npm", ["ci", "--no-audit", "--no-fund"], { cwd: programsFolder });
  await writeFile(marker, lock);
}
