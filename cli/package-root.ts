import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of our package.json, from the sources as from the build. */
export function findPackageRoot(from: string = import.meta.dirname): string {
  if (existsSync(join(from, "package.json"))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error("package.json of culprit not found");
  return findPackageRoot(parent);
}
