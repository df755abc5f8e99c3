import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { rolldown } from "rolldown";

const dist = join(import.meta.dirname, "dist");

/** What a preload needs: CommonJS for `--require`, and a small ESM entry for `--import`. Packages stay packages. */
const outputs = [
  { entry: "index", format: "cjs", extension: "cjs" },
  { entry: "thread/agent-worker", format: "cjs", extension: "cjs" },
  { entry: "runtime/profiles/profiles", format: "cjs", extension: "cjs" },
  { entry: "plans/plan-taker", format: "cjs", extension: "cjs" },
  { entry: "plans/slow-statements", format: "cjs", extension: "cjs" },
  { entry: "runtime/metrics/fast-metrics", format: "cjs", extension: "cjs" },
  { entry: "runtime/metrics/worker-metrics", format: "cjs", extension: "cjs" },
  { entry: "start-fast", format: "cjs", extension: "cjs" },
  { entry: "start-sdk", format: "cjs", extension: "cjs" },
  { entry: "instrumentations/contrib", format: "cjs", extension: "cjs" },
  { entry: "register", format: "esm", extension: "mjs" },
] as const;

/** Of these two packages the fast path uses a few lines, and each file that Node looks up costs an application's start. */
const fastEntries: ReadonlySet<string> = new Set([
  "index",
  "start-fast",
  "thread/agent-worker",
  "runtime/profiles/profiles",
  "plans/plan-taker",
  "plans/slow-statements",
  "runtime/metrics/worker-metrics",
]);
const allButNamesAndApi = /^(node:|@opentelemetry\/(?!api$|semantic-conventions$))/;

/** Builds `agent/dist`. */
export async function buildAgent(): Promise<void> {
  await rm(dist, { recursive: true, force: true });
  for (const { entry, format, extension } of outputs) {
    const bundle = await rolldown({
      input: join(import.meta.dirname, `${entry}.ts`),
      platform: "node",
      external: fastEntries.has(entry) ? allButNamesAndApi : /^(node:|@opentelemetry\/)/,
      transform: { target: "node22.15" },
    });
    await bundle.write({
      file: join(dist, `${basename(entry)}.${extension}`),
      format,
      comments: false,
    });
    await bundle.close();
  }
}
