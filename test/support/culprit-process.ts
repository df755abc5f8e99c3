import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type NodeProcess, startNode } from "./processes.ts";

export interface CulpritProcess {
  readonly url: string;
  readonly process: NodeProcess;
  /** Pid of the child that holds chDB. */
  databasePid(): number;
  /** The value of a metric without labels, or the sum over its labels. */
  metric(name: string): Promise<number>;
}

const main = join(import.meta.dirname, "../../dist/cli/main.js");
const readyMs = 60_000;

/** Starts the built `culprit start` in a process of its own; it is ready when this returns. */
export async function startCulpritProcess(
  dataFolder: string,
  { port = 0, env = {} }: { readonly port?: number; readonly env?: Record<string, string> } = {},
): Promise<CulpritProcess> {
  const started = await startNode({
    args: [main, "start", "--port", String(port), "--data", dataFolder],
    env,
  });
  const [, url] = await started.waitFor(/UI +(http:\S+)/, readyMs);
  return {
    url: url!,
    process: started,
    databasePid: () => findChild(started.pid, "chdb-child"),
    metric: async (name) => {
      const text = await (await fetch(`${url}/metrics`)).text();
      const lines = text.split("\n").filter((line) => new RegExp(`^${name}[{ ]`).test(line));
      return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    },
  };
}

function findChild(pid: number, commandPart: string): number {
  const rows = execFileSync("ps", ["-e", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split(
    "\n",
  );
  for (const row of rows) {
    const [, child, parent, command] = /^ *(\d+) +(\d+) (.*)$/.exec(row) ?? [];
    if (Number(parent) === pid && command?.includes(commandPart)) return Number(child);
  }
  throw new Error(`process ${pid} has no child with ${commandPart}`);
}
