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
  { entry: "start-sdk", format: "cjs", extension: "cjs" },
  { entry: "instrumentations/contrib", format: "cjs", extension: "cjs" },
  { entry: "register", format: "esm", extension: "mjs" },
] as const;

/** The fast path, and what of it is loaded on demand (`load-on-demand.ts`). What several of those need is in the first, or in one more file. */
const fastPath = [
  "start-fast",
  "evidence/sql-comment",
  "export/worker-chunks",
  "instrumentations/connection-pools",
  "instrumentations/express",
  "instrumentations/fastify",
  "instrumentations/hapi",
  "instrumentations/http2-client",
  "instrumentations/http2-server",
  "instrumentations/ioredis",
  "instrumentations/koa",
  "instrumentations/mongodb",
  "instrumentations/mysql2",
  "instrumentations/nest",
  "instrumentations/pg",
  "instrumentations/redis",
  "tracing/tail-decision",
];

/** Of these two packages the fast path uses a few lines, and each file that Node looks up costs an application's start. */
const fastEntries: ReadonlySet<string> = new Set([
  "index",
  "thread/agent-worker",
  "runtime/profiles/profiles",
  "plans/plan-taker",
  "plans/slow-statements",
  "runtime/metrics/worker-metrics",
]);
const allButNamesAndApi = /^(node:|@opentelemetry\/(?!api$|semantic-conventions$))/;
const transform = { target: "node22.15" };

/** Builds `agent/dist`. */
export async function buildAgent(): Promise<void> {
  await rm(dist, { recursive: true, force: true });
  for (const { entry, format, extension } of outputs) {
    const bundle = await rolldown({
      input: join(import.meta.dirname, `${entry}.ts`),
      platform: "node",
      external: fastEntries.has(entry) ? allButNamesAndApi : /^(node:|@opentelemetry\/)/,
      transform,
    });
    await bundle.write({
      file: join(dist, `${basename(entry)}.${extension}`),
      format,
      comments: false,
    });
    await bundle.close();
  }
  await buildFastPath();
}

async function buildFastPath(): Promise<void> {
  const bundle = await rolldown({
    input: Object.fromEntries(
      fastPath.map((entry) => [basename(entry), join(import.meta.dirname, `${entry}.ts`)]),
    ),
    platform: "node",
    external: allButNamesAndApi,
    preserveEntrySignatures: "allow-extension",
    transform,
  });
  await bundle.write({
    dir: dist,
    format: "cjs",
    comments: false,
    entryFileNames: "[name].cjs",
    chunkFileNames: "[name].cjs",
    // What is exported here is never assigned anew; getters would be called with each request.
    externalLiveBindings: false,
    codeSplitting: {
      groups: [
        { name: "start-fast", test: /agent[\\/]start-fast\.ts$/ },
        { name: "fast-path", minShareCount: 2 },
      ],
    },
  });
  await bundle.close();
}
