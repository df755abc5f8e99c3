import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** In versions that publish their calls on a TracingChannel: the package that has it, and the file that makes it. */
const channelFiles: Readonly<Record<string, readonly [string, string]>> = {
  ioredis: ["ioredis", "built/tracing.js"],
  mysql2: ["mysql2", "lib/tracing.js"],
  redis: ["@redis/client", "dist/lib/client/tracing.js"],
  "@redis/client": ["@redis/client", "dist/lib/client/tracing.js"],
};

/** Whether the library that is loaded from `file` publishes its calls: its contrib instrumentation would double them. */
export function publishesCalls(library: string, file: string): boolean {
  const channelFile = channelFiles[library];
  if (channelFile === undefined) return false;
  const [name, path] = channelFile;
  const main = name === library ? file : createRequire(file).resolve(name);
  const folder = join("node_modules", name);
  const at = main.lastIndexOf(folder);
  return at >= 0 && existsSync(join(main.slice(0, at + folder.length), path));
}
