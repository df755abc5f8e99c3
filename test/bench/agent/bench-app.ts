import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { bareEnvironment } from "../../support/config.ts";
import type { PlacePauses } from "./longest-pause.ts";
import { type Sink, startSink } from "./start-sink.ts";
import type { Variant } from "./variants.ts";

/** What the agent took of the main thread at a stretch; see `pause-probe.cjs`. */
export interface Pauses {
  readonly count: number;
  readonly longest: Pause;
  readonly longestByClock: Pause;
  readonly places: readonly PlacePauses[];
  /** Of a loop that is measured as often, and does nothing but count. */
  readonly loop: PlacePauses;
  readonly p99Us: number;
  /** Of garbage, whoever made it. */
  readonly collections: number;
  readonly collectedMs: number;
  readonly longestCollectionMs: number;
}

interface Pause {
  readonly name: string;
  /** Less what is somebody else's. */
  readonly us: number;
  readonly clockUs: number;
  readonly waitedUs: number;
  readonly collectedUs: number;
}

interface Usage {
  readonly cpu: NodeJS.CpuUsage;
  readonly rssBytes: number;
  readonly pauses?: Pauses;
}

/** A program that load is sent to, and its arguments. */
export interface AppFile {
  readonly file: string;
  readonly args: readonly string[];
}

/** The application under one variant's agent. */
export interface BenchApp {
  readonly variant: Variant;
  readonly port: number;
  readonly pid: number;
  /** From its start until it listens, in milliseconds. */
  readonly startMs: number;
  readonly sink: Sink;
  /** CPU time of all of its threads so far, in microseconds, and its memory; `collect`: after a garbage collection. */
  usage(collect?: boolean): Promise<AppUsage>;
  stop(): Promise<void>;
}

interface AppUsage {
  readonly cpuUs: number;
  readonly rssBytes: number;
  readonly pauses: Pauses | undefined;
}

/** The application has the first core to itself; load, database and sinks share the other. */
const appCore = "0";
export const otherCore = "1";

export async function startBenchApp(
  variant: Variant,
  { file, args }: AppFile,
  nodeArgs: readonly string[] = [],
): Promise<BenchApp> {
  const sink = await startSink();
  const startedMs = performance.now();
  const node = [process.execPath, ...nodeArgs, ...variant.args, file, ...args];
  const child = spawn("taskset", ["-c", appCore, ...node], {
    cwd: import.meta.dirname,
    env: {
      ...bareEnvironment,
      NODE_ENV: "production",
      ...variant.env(sink.port),
    },
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const ready = await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => {
      throw new Error(`${file} with ${variant.name} ended with ${code}`);
    }),
  ]);
  const { port } = ready[0] as { port: number };
  return {
    variant,
    port,
    pid: child.pid!,
    startMs: performance.now() - startedMs,
    sink,
    async usage(collect = false) {
      const { cpu, rssBytes, pauses } = await ask(child, collect ? "collect" : "usage");
      return { cpuUs: cpu.user + cpu.system, rssBytes, pauses };
    },
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      sink.stop();
    },
  };
}

async function ask(child: ChildProcess, question: string): Promise<Usage> {
  const answer = once(child, "message");
  child.send(question);
  return (await answer)[0] as Usage;
}
