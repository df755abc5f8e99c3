import { cp, rm } from "node:fs/promises";
import { rolldown } from "rolldown";
import { build as buildWeb } from "vite";
import { buildAgent } from "./agent/build.ts";

/**
 * Builds what ships: `agent/dist` (CommonJS, and an ESM entry), `web/dist` (static files) and `dist` (server and CLI).
 *
 * The server keeps one file per module, so that workers, the chDB child and the migrations lie where their source
 * has them, and a stack trace names the file that a reader knows.
 */
const serverEntries = [
  "cli/main.ts",
  "storage/embedded/chdb-child.ts",
  "collector/decode/decode-worker.ts",
  "analyzers/schedule/analyzer-worker.ts",
];

async function buildServer(): Promise<void> {
  await rm("dist", { recursive: true, force: true });
  const bundle = await rolldown({
    input: serverEntries,
    platform: "node",
    // Packages stay packages: npm installs them beside us.
    external: (id) => !id.startsWith(".") && !id.startsWith("/"),
  });
  await bundle.write({
    dir: "dist",
    format: "esm",
    preserveModules: true,
    preserveModulesRoot: import.meta.dirname,
    entryFileNames: "[name].js",
  });
  await bundle.close();
  await cp("storage/migrations", "dist/storage/migrations", { recursive: true });
}

await Promise.all([
  buildAgent(),
  buildServer(),
  buildWeb({ root: "web", configFile: "web/vite.config.ts", logLevel: "warn" }),
]);
