import { existsSync } from "node:fs";
import { join } from "node:path";
import { moduleClass } from "../module-class.ts";

/**
 * In versions that we trace ourselves: the package, and a file that only those have. ioredis and redis publish their calls on a
 * TracingChannel, which that file makes; MongoDB's driver and mysql2 have the classes that we know.
 */
const ownFiles: Readonly<Record<string, readonly [string, string]>> = {
  ioredis: ["ioredis", "built/tracing.js"],
  mysql2: ["mysql2", "lib/pool.js"],
  mongodb: ["mongodb", "lib/bson.js"],
  redis: ["@redis/client", "dist/lib/client/tracing.js"],
  "@redis/client": ["@redis/client", "dist/lib/client/tracing.js"],
};

/** Whether we trace the library that is loaded from `file`: its contrib instrumentation would double its calls. */
export function isOwnVersion(library: string, file: string): boolean {
  const ownFile = ownFiles[library];
  if (ownFile === undefined) return false;
  const [name, path] = ownFile;
  const main = name === library ? file : moduleClass.createRequire(file).resolve(name);
  const folder = join("node_modules", name);
  const at = main.lastIndexOf(folder);
  return at >= 0 && existsSync(join(main.slice(0, at + folder.length), path));
}
