import { cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { installInPlace } from "../support/run-npm.ts";

/** The libraries of `oldest/package.json` and of `newest/package.json`. */
export type LibrarySet = "oldest" | "newest";

const folderOf = (set: LibrarySet) => join(import.meta.dirname, set);

/** The folder of a set's apps, once it is installed. */
export const appsOf = (set: LibrarySet) => join(folderOf(set), "apps");

/** Installs a set into its folder, which is done once for a lock file. Gives the folder of the apps beside it. */
export async function installLibraries(set: LibrarySet): Promise<string> {
  await installInPlace(folderOf(set), "--ignore-scripts");
  // Node looks for packages in the folders above a file, so the apps are copied beside what they use.
  const apps = appsOf(set);
  await rm(apps, { recursive: true, force: true });
  await mkdir(apps);
  await cp(join(import.meta.dirname, "../fixtures/apps/libraries"), apps, { recursive: true });
  return apps;
}
