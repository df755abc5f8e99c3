import { readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";

/**
 * The name in the package.json nearest to the application's main file. A main file inside node_modules is a tool that
 * runs the application, such as `next start`: then the working directory says whose it is.
 */
export function findServiceName(mainFile: string | undefined, workingDirectory: string) {
  const isTool = mainFile?.split(sep).includes("node_modules");
  const start = mainFile === undefined || isTool ? workingDirectory : dirname(mainFile);
  for (let folder = start; ; folder = dirname(folder)) {
    const name = readPackageName(join(folder, "package.json"));
    if (name !== undefined || dirname(folder) === folder) return name;
  }
}

/** A missing, unreadable or nameless manifest is passed over: the search goes on above it. */
function readPackageName(file: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(file, "utf8")) as { name?: unknown };
    return typeof name === "string" && name !== "" ? name : undefined;
  } catch {
    return undefined;
  }
}
