import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildAgent } from "../../agent/build.ts";
import type { DecodedSpan } from "../support/decode-otlp.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { startNode } from "../support/processes.ts";
import { installLibraries, type LibrarySet } from "./install-libraries.ts";

export const librarySets = ["oldest", "newest"] as const satisfies readonly LibrarySet[];
export const moduleSystems = ["CommonJS", "ESM"] as const;
type ModuleSystem = (typeof moduleSystems)[number];

/** The spans of one request. */
interface RequestTrace {
  /** What the client asked for: `/items/7`. */
  readonly path: string;
  readonly server: DecodedSpan;
  /** All others, in order of their start. */
  readonly calls: readonly DecodedSpan[];
}

export interface LibraryRun {
  /** Of 100 requests to `/items/ID` that ran at the same time. */
  readonly items: readonly RequestTrace[];
  /** Of one request to `/fail`. */
  readonly failed: RequestTrace;
  /** Metrics as they came, with their texts in clear; "" unless the environment asks for them. */
  readonly metrics: string;
  /** What a span says about its call site, when it was made in the line of the app that says so. */
  readonly callSite: { readonly "code.file.path": string; readonly "code.line.number": number };
}

interface RunOptions {
  readonly library: string;
  readonly set: LibrarySet;
  readonly modules: ModuleSystem;
  readonly env?: Readonly<Record<string, string>>;
}

const requestsAtOnce = 100;
const deadlineMs = 20_000;
const agent = join(import.meta.dirname, "../../agent");
let built: Promise<void> | undefined;

/** Runs a library's app under the agent, as a user would, sends it requests and gives what the agent sent. */
export async function runLibrary({ library, set, modules, env }: RunOptions): Promise<LibraryRun> {
  built ??= buildAgent();
  const [apps, sink] = await Promise.all([installLibraries(set), startOtlpSink(), built]);
  const app = await startNode({
    args:
      modules === "ESM"
        ? ["--import", pathToFileURL(join(agent, "dist/register.mjs")).href, "main.mjs", library]
        : ["--require", agent, "main.cjs", library],
    cwd: apps,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_BSP_SCHEDULE_DELAY: "100",
      CULPRIT_CALL_SITE_REPEATS_MIN: "1",
      // A hundred requests to a process that has just started do block it.
      CULPRIT_EVENT_LOOP_BLOCK_MS: "0",
      ...env,
    },
  });
  try {
    const [, port] = await app.waitFor(/listening on (\d+)/, deadlineMs);
    const paths = Array.from({ length: requestsAtOnce }, (_, i) => `/items/${i + 1}`);
    await Promise.all(paths.map((path) => get(`http://127.0.0.1:${port}${path}`)));
    await get(`http://127.0.0.1:${port}/fail`);
    const hasAll = (spans: readonly DecodedSpan[]) =>
      [...paths, "/fail"].every((path) => spans.some((span) => isServerOf(path, span)));
    await sink.waitFor(hasAll, deadlineMs);
    await app.stop();
    return {
      items: paths.map((path) => toRequestTrace(path, sink.spans)),
      failed: toRequestTrace("/fail", sink.spans),
      metrics: Buffer.concat(sink.metricBodies).toString("latin1"),
      callSite: await findCallSite(join(apps, `${library}.cjs`)),
    };
  } finally {
    await app.stop();
    await sink.stop();
  }
}

async function get(url: string): Promise<void> {
  const response = await fetch(url, { headers: { connection: "close" } });
  await response.arrayBuffer();
}

function isServerOf(path: string, { kind, attributes }: DecodedSpan): boolean {
  return kind === 2 && attributes["url.path"] === path;
}

function toRequestTrace(path: string, spans: readonly DecodedSpan[]): RequestTrace {
  const servers = spans.filter((span) => isServerOf(path, span));
  const [server] = servers;
  if (server === undefined || servers.length > 1) {
    throw new Error(`${servers.length} server spans for ${path}`);
  }
  const calls = spans.filter((span) => span.traceId === server.traceId && span !== server);
  return { path, server, calls };
}

async function findCallSite(file: string): Promise<LibraryRun["callSite"]> {
  const lines = (await readFile(file, "utf8")).split("\n");
  const line = lines.findIndex((text) => text.includes("// the call site")) + 1;
  return { "code.file.path": file, "code.line.number": line };
}
