import { join } from "node:path";
import { type NodeProcess, startNode } from "./processes.ts";

const root = join(import.meta.dirname, "../..");
const deadlineMs = 20_000;

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
}

/** As a user would start it, under the agent, which must be built. */
export async function startTracedApp(file: string, options: TracedAppOptions): Promise<TracedApp> {
  const { collectorUrl, env = {}, flags = [] } = options;
  const agent = collectorUrl === undefined ? [] : ["--require", join(root, "agent")];
  const app = await startNode({
    args: [...flags, ...agent, join(root, "test/fixtures/apps", file)],
    cwd: root,
    env: {
      ...(collectorUrl === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: collectorUrl }),
      OTEL_BSP_SCHEDULE_DELAY: "100",
      ...env,
    },
  });
  const [, port] = await app.waitFor(/listening on (\d+)/, deadlineMs).catch(async (error) => {
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
