import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNode } from "../support/processes.ts";

export interface CollectorProcess {
  readonly url: string;
  /** HOST:PORT of gRPC. */
  readonly grpc: string;
  /** Memory of the process that receives, journals and decodes; the database's is another. */
  residentMiB(): Promise<number>;
  stop(): Promise<void>;
}

const main = join(import.meta.dirname, "../../cli/main.ts");

/** `culprit start` from source, in a process and on a folder of its own. */
export async function startCollectorProcess(...args: readonly string[]): Promise<CollectorProcess> {
  const folder = await mkdtemp(join(tmpdir(), "culprit-attacked-"));
  const ports = ["--port", "0", "--grpc-port", "0", "--data", folder];
  // A thread that runs TypeScript needs it, as in vitest.config.ts.
  const node = ["--no-memory-protection-keys", main, "start"];
  const collector = await startNode({ args: [...node, ...ports, ...args] });
  const pattern = /UI +(http:\S+)[\s\S]*gRPC +(http:\S+)/;
  const [, url, grpcUrl] = await collector.waitFor(pattern);
  return {
    url: url!,
    grpc: new URL(grpcUrl!).host,
    residentMiB: async () => {
      const status = await readFile(`/proc/${collector.pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
    },
    stop: async () => {
      await collector.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
