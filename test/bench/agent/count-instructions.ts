import { spawn } from "node:child_process";
import { once } from "node:events";
import { print, round } from "../report.ts";
import { type AppFile, startBenchApp } from "./bench-app.ts";
import { sendRequests, type Workload } from "./send-requests.ts";
import { quickVariants } from "./variants.ts";

const events = "instructions:u,instructions:k";
/** Until `perf` counts; it says nothing when it does. */
const attachMs = 500;
/** A debugger that looks at a block, which there are many of on a busy machine, costs optimised code. */
const quiet = { CULPRIT_EVENT_LOOP_BLOCK_MS: "60000" };

/** Instructions retired a request, in thousands. */
interface Counted {
  readonly main: number;
  /** Threads that the agent has started, and Node's pool, in which others compress. */
  readonly agent: number;
  /** Compiling and garbage collection. */
  readonly v8: number;
}

/**
 * What a request costs each application in instructions, of all of its threads: other work on the machine changes times,
 * and hardly these. One application after the other, once V8 has compiled what is hot. Needs Linux's `perf`.
 */
export async function measureInstructions(
  app: AppFile,
  workload: Workload,
): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  let bare = 0;
  for (const variant of quickVariants) {
    const env = (port: number) => ({ ...variant.env(port), ...quiet });
    const started = await startBenchApp({ ...variant, env }, app);
    try {
      await sendRequests(started.port, { ...workload, requests: 2 * workload.warmUpRequests });
      const { main, agent, v8 } = await count(started, workload);
      const all = main + agent + v8;
      bare ||= all;
      print(
        `${workload.name}, ${variant.name}: ${round(all, 0)} (main thread ${round(main, 0)}, ` +
          `agent's ${round(agent, 0)}, V8's ${round(v8, 0)}), ratio ${round(all / bare, 3)}`,
      );
      figures[`${workload.name}.${variant.name}.instructions`] = round(all, 0);
    } finally {
      await started.stop();
    }
  }
  return figures;
}

async function count(
  { pid, port }: { readonly pid: number; readonly port: number },
  workload: Workload,
): Promise<Counted> {
  const requests = Math.max(workload.requests, Math.floor(workload.warmUpRequests / 3));
  const args = ["stat", "-e", events, "--per-thread", "-x,", "-p", `${pid}`];
  const perf = spawn("perf", args, { stdio: ["ignore", "ignore", "pipe"] });
  let report = "";
  perf.stderr.setEncoding("utf8").on("data", (text: string) => {
    report += text;
  });
  await new Promise((resolve) => setTimeout(resolve, attachMs));
  await sendRequests(port, { ...workload, requests });
  const ended = once(perf, "exit");
  perf.kill("SIGINT");
  await ended;
  return sumUp(report, pid, requests * 1_000);
}

/** Of lines such as `node-MainThread-4711,5859000,,instructions:u,…`, by thread. */
function sumUp(report: string, pid: number, divisor: number): Counted {
  const sums = { main: 0, agent: 0, v8: 0 };
  for (const [, thread = "", id, value] of report.matchAll(/^(.+)-(\d+),(\d+),/gm)) {
    const of = Number(id) === pid ? "main" : /V8|DelayedTask/.test(thread) ? "v8" : "agent";
    sums[of] += Number(value) / divisor;
  }
  if (sums.main === 0) throw new Error(`perf counted nothing: ${report.slice(0, 300)}`);
  return sums;
}
