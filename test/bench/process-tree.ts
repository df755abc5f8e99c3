import { readdirSync, readFileSync } from "node:fs";

interface ProcessStat {
  readonly pid: number;
  readonly parentPid: number;
  readonly cpuSeconds: number;
}

/** /proc counts in ticks of a hundredth of a second, on every Linux that we know. */
const ticksPerSecond = 100;

/** A process and all that it started. Linux only: it reads /proc. */
export class ProcessTree {
  readonly #pid: number;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** User and system time of all of them since their start, children that have ended included. */
  cpuSeconds(): number {
    return this.#processes().reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
  }

  /** Memory that they hold, pages that they share counted once. */
  memoryBytes(): number {
    return this.#processes().reduce((sum, { pid }) => sum + readPss(pid), 0);
  }

  #processes(): ProcessStat[] {
    const all = readdirSync("/proc").flatMap(readStat);
    const ours = new Set([this.#pid]);
    // A child's number may be smaller than its parent's, so until nothing is added.
    for (let size = 0; size < ours.size; ) {
      size = ours.size;
      for (const { pid, parentPid } of all) if (ours.has(parentPid)) ours.add(pid);
    }
    return all.filter(({ pid }) => ours.has(pid));
  }
}

function readStat(pid: string): ProcessStat[] {
  if (!/^\d+$/.test(pid)) return [];
  const text = readOrEmpty(`/proc/${pid}/stat`);
  // The name in brackets may hold spaces. Behind it: state, parent … utime, stime, cutime, cstime.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields.length < 15) return [];
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return [{ pid: Number(pid), parentPid: Number(fields[1]), cpuSeconds: ticks / ticksPerSecond }];
}

function readPss(pid: number): number {
  const [, kilobytes = "0"] =
    /^Pss: +(\d+) kB/m.exec(readOrEmpty(`/proc/${pid}/smaps_rollup`)) ?? [];
  return Number(kilobytes) * 1024;
}

/** Empty: the process ended while we looked. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
