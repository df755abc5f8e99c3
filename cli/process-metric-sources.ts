import { readFileSync } from "node:fs";
import type { MetricSource } from "../collector/metrics.ts";

interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

/** What our processes use: this one, its threads included, and ClickHouse's, where the system tells of it (Linux). */
export function toProcessMetricSources(databasePid: () => number | undefined): MetricSource[] {
  const each = (read: (usage: ProcessUsage) => number) => () => {
    const pid = databasePid();
    const database = pid === undefined ? undefined : readUsage(pid);
    return [
      [{ process: "main" }, read(ownUsage())] as const,
      ...(database ? [[{ process: "database" }, read(database)] as const] : []),
    ];
  };
  return [
    {
      name: "culprit_process_cpu_seconds",
      description: "CPU time used, by process",
      kind: "counter",
      read: each(({ cpuSeconds }) => cpuSeconds),
    },
    {
      name: "culprit_process_memory_rss_bytes",
      description: "Memory in use, by process",
      kind: "gauge",
      read: each(({ rssBytes }) => rssBytes),
    },
    {
      name: "culprit_process_uptime_seconds",
      description: "Since the main process started",
      kind: "gauge",
      read: () => process.uptime(),
    },
  ];
}

function ownUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  return { cpuSeconds: (user + system) / 1e6, rssBytes: process.memoryUsage.rss() };
}

/** Of Linux' clock of processes, on every platform that Node runs on. */
const ticksPerSecond = 100;

/** Undefined where there is no /proc, and when the process has just ended. */
function readUsage(pid: number): ProcessUsage | undefined {
  try {
    // The name of the program, in brackets, may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    const [, rssKib = "0"] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
    const ticks = Number(stat[11]) + Number(stat[12]);
    return { cpuSeconds: ticks / ticksPerSecond, rssBytes: Number(rssKib) * 1024 };
  } catch {
    return undefined;
  }
}
