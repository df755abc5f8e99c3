import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** The libraries of `oldest/package.json` and of `newest/package.json`. */
export type LibrarySet = "oldest" | "newest";

const folderOf = (set: LibrarySet) => join(import.meta.dirname, set);

/** The folder of a set's apps, once it is installed. */
export const appsOf = (set: LibrarySet) => join(folderOf(set), "apps");

/** Installs a set into its folder, which is done once for a lock file. Gives the folder of the apps beside it. */
export async function installLibraries(set: LibrarySet): Promise<string> {
  const folder = folderOf(set);
  const lock = await readFile(join(folder, "package-lock.json"), "utf8");
  const marker = join(folder, "node_modules/.installed-lock.json");
  if ((await readFile(marker, "utf8").catch(() => "")) !== lock) {
    const command = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
    await promisify(execFile)("npm", command, { cwd: folder }).catch((cause) => {
      throw new Error(`npm ci in ${folder} needs the npm registry`, { cause });
    });
    await writeFile(marker, lock);
  }
  // Node looks for packages in the folders above a file, so the apps are copied beside what they use.
  const apps = appsOf(set);
  await rm(apps, { recursive: true, force: true });
  await mkdir(apps);
  await cp(join(import.meta.dirname, "../fixtures/apps/libraries"), apps, { recursive: true });
  return apps;
}
