import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { bareEnvironment } from "./config.ts";
import { patienceMs } from "./until.ts";

export interface NodeProcessOptions {
  /** Flags of Node, the file to run, and its arguments. */
  readonly args: readonly string[];
  /** Added to HOME, PATH and TMPDIR; nothing else of our environment is handed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A Node other than the one that runs us. */
  readonly node?: string;
}

export interface NodeProcess {
  readonly pid: number;
  /** What it has written so far to standard output and error, as they came; the last `outputCharactersMax`. */
  output(): string;
  /**
   * The first match in its output, what it wrote before included. Throws, with the output, at the deadline or when the
   * program has ended without it.
   */
  waitFor(pattern: RegExp, deadlineMs?: number): Promise<RegExpMatchArray>;
  /** Its exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** SIGTERM, and SIGKILL when it has not ended `graceMs` later; may be called twice. */
  stop(graceMs?: number): Promise<number | string>;
}

export const outputCharactersMax = 1_000_000;
const lastOutputMs = 1_000;

/** Starts a program on Node. It does not outlive this process, however that ends. */
export async function startNode(options: NodeProcessOptions): Promise<NodeProcess> {
  const { args, env, cwd, node = process.execPath } = options;
  const child = spawn(node, args, {
    cwd,
    env: { ...bareEnvironment, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  await once(child, "spawn");
  const ended = untilEnded(child);
  killWithUs(child, ended);

  let output = "";
  const append = (text: string) => {
    output = (output + text).slice(-outputCharactersMax);
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", append);

  return {
    pid: Number(child.pid),
    output: () => output,
    ended,
    waitFor(pattern, deadlineMs = patienceMs) {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpMatchArray>();
      const look = () => {
        const match = output.match(pattern);
        if (match) resolve(match);
      };
      const fail = (why: string) => reject(new Error(`no ${pattern} ${why}, but: ${output}`));
      const deadline = setTimeout(fail, deadlineMs, `after ${deadlineMs} ms`);
      void ended.then((how) => fail(`before the end (${how})`));
      for (const stream of [child.stdout, child.stderr]) stream.on("data", look);
      look();
      return promise.finally(() => {
        clearTimeout(deadline);
        for (const stream of [child.stdout, child.stderr]) stream.off("data", look);
      });
    },
    async stop(graceMs = patienceMs) {
      child.kill("SIGTERM");
      const lastResort = setTimeout(() => child.kill("SIGKILL"), graceMs);
      return ended.finally(() => clearTimeout(lastResort));
    },
  };
}

/** Settles once its last output is in; a grandchild that keeps the pipes open is not waited for. */
async function untilEnded(child: ChildProcess): Promise<number | string> {
  const closed = once(child, "close");
  const [code, signal] = await once(child, "exit");
  await Promise.race([closed, delay(lastOutputMs, undefined, { ref: false })]);
  return code ?? signal;
}

/** A shell reads from us until our end, which also `kill -9` brings about, and then kills the child. */
function killWithUs(child: ChildProcess, ended: Promise<unknown>): void {
  const script = `trap '' INT; read -r _; kill -KILL "$0"`;
  const watcher = spawn("/bin/sh", ["-c", script, String(child.pid)], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  void ended.then(() => watcher.kill("SIGKILL"));
}
