import { join, resolve } from "node:path";
import { type NodeProcess, startNode } from "./processes.ts";

const root = join(import.meta.dirname, "../..");

/** A server of test/fixtures/apps that says on which port it listens. */
export interface TracedApp extends NodeProcess {
  readonly port: number;
  readonly url: string;
  /** The body of the answer, whatever its status. Each request has a connection of its own. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<string>;
}

interface TracedAppOptions {
  /** Undefined: it runs without the agent. */
  readonly collectorUrl: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** Of Node, before the agent's. */
  readonly flags?: readonly string[];
  /** How the agent is loaded, unless as a user of CommonJS does it. */
  readonly agent?: readonly string[];
  /** Of the application. */
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** A Node other than the one that runs us. */
  readonly node?: string | undefined;
}

/** The agent of this checkout, which must be built. */
export const agentFolder: string = join(root, "agent");

/**
 * As a user would start it. `file` is one of test/fixtures/apps, or a path. However busy the machine is, what is left at
 * the end of the process is sent.
 */
export async function startTracedApp(file: string, options: TracedAppOptions): Promise<TracedApp> {
  const { collectorUrl, env = {}, flags = [], args = [], cwd = root, node } = options;
  const { agent = ["--require", agentFolder] } = options;
  const path = resolve(root, "test/fixtures/apps", file);
  const app = await startNode({
    args: [...flags, ...(collectorUrl === undefined ? [] : agent), path, ...args],
    cwd,
    ...(node !== undefined && { node }),
    env: {
      ...(collectorUrl !== undefined && { OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl }),
      OTEL_BSP_SCHEDULE_DELAY: "100",
      CULPRIT_FLUSH_TIMEOUT_MS: "60000",
      ...env,
    },
  });
  const [, port] = await app.waitFor(/listening on (\d+)/).catch(async (error) => {
    await app.stop();
    throw error;
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    ...app,
    port: Number(port),
    url,
    async get(path, headers = {}) {
      const response = await fetch(url + path, { headers: { connection: "close", ...headers } });
      return response.text();
    },
  };
}
