import { join } from "node:path";
import { startNode } from "../support/processes.ts";

export interface ClickHouseServer {
  readonly url: string;
  readonly port: number;
  /** As `kill -9` does it. */
  kill(): Promise<void>;
  /** SIGSTOP makes it slow, SIGCONT fast. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
}

const program = join(import.meta.dirname, "clickhouse-server.ts");

/** Starts `clickhouse-server.ts` over a folder; port 0: any. */
export async function startClickHouseServer(folder: string, port = 0): Promise<ClickHouseServer> {
  const server = await startNode({ args: [program, folder, String(port)] });
  const [, listening] = await server.waitFor(/listening on (\d+)/);
  return {
    url: `http://127.0.0.1:${listening}`,
    port: Number(listening),
    signal: (signal) => void process.kill(server.pid, signal),
    kill: async () => {
      process.kill(server.pid, "SIGKILL");
      await server.ended;
    },
  };
}
