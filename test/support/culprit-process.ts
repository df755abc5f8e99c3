import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type NodeProcess, startNode } from "./processes.ts";

export interface CulpritProcess {
  readonly url: string;
  /** Where it takes OTLP/gRPC. */
  readonly grpcUrl: string;
  readonly process: NodeProcess;
  /** Pid of the child that holds chDB. */
  databasePid(): number;
  /** The value of a metric without labels, or the sum over its labels. */
  metric(name: string): Promise<number>;
}

export interface CulpritProcessOptions {
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Of Node. */
  readonly flags?: readonly string[];
}

const main = join(import.meta.dirname, "../../dist/cli/main.js");

/** Starts the built `culprit start` in a process of its own; it is ready when this returns. */
export async function startCulpritProcess(
  dataFolder: string,
  { port = 0, env = {}, flags = [] }: CulpritProcessOptions = {},
): Promise<CulpritProcess> {
  const started = await startNode({
    args: [
      ...flags,
      main,
      "start",
      "--port",
      String(port),
      "--grpc-port",
      "0",
      "--data",
      dataFolder,
    ],
    env,
  });
  const [, url, grpcUrl] = await started.waitFor(/UI +(https?:\S+)[\s\S]*gRPC +(https?:\S+)/);
  return {
    url: url!,
    grpcUrl: grpcUrl!,
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
  const child = listProcesses().find(
    ({ parentPid, command }) => parentPid === pid && command.includes(commandPart),
  );
  if (!child) throw new Error(`process ${pid} has no child with ${commandPart}`);
  return child.pid;
}

interface RunningProcess {
  readonly pid: number;
  readonly parentPid: number;
  readonly command: string;
}

/** From /proc where there is one: a slim machine has no `ps`. */
function listProcesses(): RunningProcess[] {
  if (existsSync("/proc/self/stat")) return readdirSync("/proc").flatMap(readProcess);
  const rows = execFileSync("ps", ["-e", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split(
    "\n",
  );
  return rows.flatMap((row) => {
    const [, pid, parentPid, command = ""] = /^ *(\d+) +(\d+) (.*)$/.exec(row) ?? [];
    return pid ? [{ pid: Number(pid), parentPid: Number(parentPid), command }] : [];
  });
}

function readProcess(pid: string): RunningProcess[] {
  try {
    const [, parentPid] = /\) \w (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    return [{ pid: Number(pid), parentPid: Number(parentPid), command }];
  } catch {
    // Not a process, or one that ended while we read.
    return [];
  }
}
