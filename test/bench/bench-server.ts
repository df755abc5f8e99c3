import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { serverConfigName } from "../../storage/embedded/server-config.ts";
import { type NodeProcess, startNode } from "../support/processes.ts";
import { ProcessTree } from "./process-tree.ts";

/** A server that takes OTLP, in processes and a folder of its own. */
export interface BenchServer {
  readonly url: string;
  readonly process: NodeProcess;
  readonly tree: ProcessTree;
  /** Where its ClickHouse keeps its data. */
  readonly clickhouseFolder: string;
  /** With which it opens it. */
  readonly clickhouseArgs: readonly string[];
  /** Resolves when all that it took can be queried, and ClickHouse has no parts left that it would merge. */
  drained(): Promise<void>;
  metric(name: string): Promise<number>;
  stop(): Promise<void>;
  /** After `stop`: the folder goes. */
  remove(): Promise<void>;
}

const root = join(import.meta.dirname, "../..");
const readyMs = 60_000;
/** ClickHouse looks for parts to merge at least that often while it has work. */
const quietMs = 3_000;

/** The built `culprit start`. `args` are added; `nodeArgs` are Node's. */
export async function startCulprit(
  args: readonly string[],
  nodeArgs: readonly string[] = [],
): Promise<BenchServer> {
  const folder = await createFolder();
  const main = join(root, "dist/cli/main.js");
  const store = join(folder, "clickhouse");
  return startServer({
    folder,
    clickhouseFolder: join(store, "clickhouse"),
    clickhouseArgs: [`--config-file=${join(store, serverConfigName)}`],
    args: [...nodeArgs, main, "start", "--port", "0", "--data", folder, ...args],
  });
}

export async function startNaive(): Promise<BenchServer> {
  const folder = await createFolder();
  const file = join(import.meta.dirname, "naive/naive-server.ts");
  const clickhouseFolder = join(folder, "clickhouse");
  return startServer({ folder, clickhouseFolder, clickhouseArgs: [], args: [file, folder] });
}

function createFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "culprit-bench-"));
}

interface ServerFolders extends Pick<BenchServer, "clickhouseFolder" | "clickhouseArgs"> {
  readonly folder: string;
  readonly args: readonly string[];
}

async function startServer({
  folder,
  clickhouseFolder,
  clickhouseArgs,
  args,
}: ServerFolders): Promise<BenchServer> {
  const started = await startNode({ args });
  const [, url = ""] = await started.waitFor(/UI +(http:\S+)/, readyMs);
  const metric = (name: string) => readMetric(url, name);
  return {
    url,
    process: started,
    tree: new ProcessTree(started.pid),
    clickhouseFolder,
    clickhouseArgs,
    metric,
    drained: async () => {
      while ((await metric("culprit_journal_spans")) > 0) await delay(50);
      await untilPartsRest(clickhouseFolder);
    },
    stop: async () => void (await started.stop(30_000)),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The value of a metric, summed over its labels. */
async function readMetric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => new RegExp(`^${name}[{ ]`).test(line));
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** A merge makes a part: when none is being made, and none came for a while, there is nothing to merge. */
async function untilPartsRest(clickhouseFolder: string): Promise<void> {
  let known = new Set<string>();
  let changedAt = performance.now();
  while (performance.now() - changedAt < quietMs) {
    await delay(100);
    const parts = await listParts(join(clickhouseFolder, "store"));
    const isBusy = parts.some((part) => part.includes("tmp_") || !known.has(part));
    known = new Set(parts);
    if (isBusy) changedAt = performance.now();
  }
}

/** store/<three digits>/<table>/<part> */
async function listParts(store: string): Promise<string[]> {
  const tables = (await list(store)).map((group) => list(group));
  const parts = (await Promise.all(tables)).flat().map((table) => list(table));
  return (await Promise.all(parts)).flat();
}

async function list(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => join(folder, name));
}
