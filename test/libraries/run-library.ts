import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { DecodedSpan } from "../support/decode-otlp.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { agentFolder, startTracedApp, type TracedApp } from "../support/traced-app.ts";
import { appsOf, installLibraries, type LibrarySet } from "./install-libraries.ts";

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
  /** Of one request to `/orders`, with a body. */
  readonly ordered: RequestTrace | undefined;
  /** What a span says about its call site, when it was made in the line of the app that says so. */
  readonly callSite: { readonly "code.file.path": string; readonly "code.line.number": number };
}

interface RunOptions extends Omit<AppOptions, "collectorUrl"> {
  /** Whether the app takes orders, too. */
  readonly isFramework?: boolean;
  /** Instead of HTTP/1.1, a connection each. */
  readonly send?: Send;
}

/** Settles when the answer has come, whatever it is. With a body it is a POST of JSON. */
export type Send = (url: string, body?: string) => Promise<void>;

const requestsAtOnce = 100;

interface AppOptions {
  readonly library: string;
  readonly set: LibrarySet;
  readonly modules: ModuleSystem;
  readonly env?: Readonly<Record<string, string>>;
  /** A Node other than the one that runs us. */
  readonly node?: string | undefined;
  /** Where the agent sends to; undefined: the app runs without it. */
  readonly collectorUrl: string | undefined;
}

/** A library's app under the agent, as a user would start it. */
export async function startApp(options: AppOptions): Promise<TracedApp> {
  const { library, set, modules, env, node, collectorUrl } = options;
  const apps = await installLibraries(set);
  const asModule = ["--import", pathToFileURL(join(agentFolder, "dist/register.mjs")).href];
  return startTracedApp(join(apps, modules === "ESM" ? "main.mjs" : "main.cjs"), {
    collectorUrl,
    ...(modules === "ESM" && { agent: asModule }),
    args: [library],
    cwd: apps,
    node,
    env: {
      CULPRIT_CALL_SITE_REPEATS_MIN: "1",
      // A hundred requests to a process that has just started do block it.
      CULPRIT_EVENT_LOOP_BLOCK_MS: "0",
      ...env,
    },
  });
}

/** Runs a library's app, sends it requests and gives what the agent sent. */
export async function runLibrary(options: RunOptions): Promise<LibraryRun> {
  const { library, set, isFramework = false, send = sendHttp } = options;
  const sink = await startOtlpSink();
  const app = await startApp({ ...options, collectorUrl: sink.url });
  try {
    const paths = Array.from({ length: requestsAtOnce }, (_, i) => `/items/${i + 1}`);
    await Promise.all(paths.map((path) => send(app.url + path)));
    await send(`${app.url}/fail`);
    if (isFramework) await send(`${app.url}/orders`, JSON.stringify({ id: "order" }));
    const expected = [...paths, "/fail", ...(isFramework ? ["/orders"] : [])];
    await sink.waitFor((spans) =>
      expected.every((path) => spans.some((span) => isServerOf(path, span))),
    );
    await app.stop();
    return {
      items: paths.map((path) => toRequestTrace(path, sink.spans)),
      failed: toRequestTrace("/fail", sink.spans),
      ordered: isFramework ? toRequestTrace("/orders", sink.spans) : undefined,
      metrics: Buffer.concat(sink.metricBodies).toString("latin1"),
      callSite: await findCallSite(join(appsOf(set), `${library}.cjs`)),
    };
  } finally {
    await app.stop();
    await sink.stop();
  }
}

async function sendHttp(url: string, body?: string): Promise<void> {
  const headers = { connection: "close", "content-type": "application/json" };
  const response = await fetch(
    url,
    body === undefined ? { headers } : { method: "POST", headers, body },
  );
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
