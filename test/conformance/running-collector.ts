import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readStartConfig, type StartConfig } from "../../cli/config.ts";
import { startCulprit } from "../../cli/start.ts";
import { rowNames } from "../../collector/signal.ts";
import {
  type EmbeddedStore,
  openEmbeddedStore,
} from "../../storage/embedded/open-embedded-store.ts";
import { until } from "../support/until.ts";

export interface RunningCollector {
  readonly url: string;
  /** HOST:PORT of gRPC. */
  readonly grpc: string;
  /** Sum over the labels of a metric. */
  metric(name: string): Promise<number>;
  /** Ends the collector, once all that it accepted is stored, and opens what it stored. */
  openStore(): Promise<EmbeddedStore>;
  close(): Promise<void>;
}

/** All of `culprit start`, in this process, on a folder of its own. */
export async function runCollector(
  different: Partial<StartConfig> = {},
): Promise<RunningCollector> {
  const folder = await mkdtemp(join(tmpdir(), "culprit-conformance-"));
  const args = ["--port", "0", "--grpc-port", "0", "--data", folder];
  const config = { ...readStartConfig(args, {}), ...different };
  const culprit = await startCulprit(config, { log: () => undefined });
  await culprit.opened;
  let store: EmbeddedStore | undefined;

  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`${culprit.url}/metrics`)).text();
    const lines = text.split("\n").filter((line) => new RegExp(`^${name}[{ ]`).test(line));
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  return {
    url: culprit.url,
    grpc: new URL(culprit.grpcUrl ?? "").host,
    metric,
    openStore: async () => {
      await until(async () => {
        const waiting = Object.values(rowNames).map((rows) => metric(`culprit_journal_${rows}`));
        return (await Promise.all(waiting)).every((count) => count === 0);
      });
      await culprit.close();
      store = await openEmbeddedStore({ folder: join(folder, "clickhouse") });
      return store;
    },
    close: async () => {
      await culprit.close();
      await store?.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
