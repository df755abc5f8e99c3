import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { bareEnvironment } from "../../support/config.ts";
import { type Sink, startSink } from "./start-sink.ts";
import type { Variant } from "./variants.ts";

interface Usage {
  readonly cpu: NodeJS.CpuUsage;
  readonly rssBytes: number;
}

/** The application under one variant's agent. */
export interface BenchApp {
  readonly variant: Variant;
  readonly port: number;
  /** From its start until it listens, in milliseconds. */
  readonly startMs: number;
  readonly sink: Sink;
  /** CPU time of all of its threads so far, in microseconds, and its memory; `collect`: after a garbage collection. */
  usage(collect?: boolean): Promise<{ readonly cpuUs: number; readonly rssBytes: number }>;
  stop(): Promise<void>;
}

export interface BenchServices {
  readonly databaseUrl: string;
  readonly upstreamPort: number;
}

/** The application has the first core to itself; load, database and sinks share the other. */
const appCore = "0";
export const otherCore = "1";

export async function startBenchApp(variant: Variant, services: BenchServices): Promise<BenchApp> {
  const sink = await startSink();
  const startedMs = performance.now();
  const args = [
    "-c",
    appCore,
    process.execPath,
    "--expose-gc",
    ...variant.args,
    "app.cjs",
    services.databaseUrl,
    String(services.upstreamPort),
  ];
  const child = spawn("taskset", args, {
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
      throw new Error(`the application with ${variant.name} ended with ${code}`);
    }),
  ]);
  const { port } = ready[0] as { port: number };
  return {
    variant,
    port,
    startMs: performance.now() - startedMs,
    sink,
    async usage(collect = false) {
      const { cpu, rssBytes } = await ask(child, collect ? "collect" : "usage");
      return { cpuUs: cpu.user + cpu.system, rssBytes };
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
