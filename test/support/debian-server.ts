import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { promisify } from "node:util";
import { findFreePort } from "./find-free-port.ts";
import { patienceMs } from "./until.ts";

/** A server that Debian packages, and how to run one of our own. */
export interface DebianServer {
  /** As people call it. */
  readonly name: string;
  /** What `apt-get install` takes. */
  readonly packageName: string;
  /** The program, with its path. */
  readonly program: string;
  /** A program and its arguments, to be run in the empty folder before the start. */
  readonly toPrepareCommand?: (folder: string) => readonly [string, ...string[]];
  toArgs(port: number, folder: string): readonly string[];
  /** A shell's script that runs "$@", when more is needed than that. */
  readonly script?: string;
  /** Of its output, once it takes connections. */
  readonly ready: RegExp;
  /** The spare ports are free, too. */
  readonly env?: (
    port: number,
    folder: string,
    sparePorts: readonly [number, number],
  ) => Readonly<Record<string, string>>;
}

export interface RunningServer {
  readonly port: number;
  /** Ends the server and removes its data; may be called twice. */
  stop(): Promise<void>;
}

type Guard = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Ends the server and removes its folder when our end of its standard input closes, which `kill -9` brings about, too.
 *
 *   us ──pipe──▶ sh ──▶ the server
 *                └─ reads the pipe; at its end: TERM to the server, then its folder is removed
 */
const guardScript = `
  trap '' INT PIPE
  trap 'rm -rf "$folder"' EXIT
  folder=$1
  shift
  exec 3<&0
  "$@" 3<&- &
  server=$!
  (trap - EXIT; read -r _ <&3; kill -TERM $server; sleep 5; kill -KILL $server) 2>/dev/null &
  guard=$!
  wait $server
  kill $guard 2>/dev/null
`;

/** As for PostgreSQL: servers don't like to run as root. This is user `nobody`. */
const asNobody = { uid: 65534, gid: 65534 };
const logCharactersMax = 100_000;
const portTriesMax = 3;

/**
 * Starts a real server of its own folder on a free port of the loopback interface. It ends with this process, however
 * that ends. Throws when the machine has no such server, and with its log when it does not come up.
 */
export async function startDebianServer(server: DebianServer): Promise<RunningServer> {
  await access(server.program).catch((cause) => {
    const command = `apt-get install -y --no-install-recommends ${server.packageName}`;
    throw new Error(`this test needs ${server.name}, as root: ${command}`, { cause });
  });
  for (let tries = 1; ; tries += 1) {
    const folder = await mkdtemp(join(tmpdir(), `culprit-${server.packageName}-`));
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await chown(folder, asNobody.uid, asNobody.gid);
    // None of these servers can choose a port itself, so another program may take this one first: it is tried again.
    const port = await findFreePort();
    const sparePorts = [await findFreePort(), await findFreePort()] as const;
    const env = { LC_ALL: "C", HOME: folder, PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
    const surroundings = { ...(isRoot ? asNobody : {}), cwd: folder };
    const [prepare, ...prepareArgs] = server.toPrepareCommand?.(folder) ?? [];
    if (prepare) {
      await promisify(execFile)(prepare, prepareArgs, { ...surroundings, env }).catch(
        async (error) => {
          await rm(folder, { recursive: true, force: true });
          throw error;
        },
      );
    }
    const program = [server.program, ...server.toArgs(port, folder)];
    const command = server.script ? ["/bin/sh", "-c", server.script, "sh", ...program] : program;
    const guard = spawn("/bin/sh", ["-c", guardScript, "sh", folder, ...command], {
      ...surroundings,
      env: { ...env, ...server.env?.(port, folder, sparePorts) },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const { isReady, log } = await untilReadyOrEnded(guard, server.ready);
    if (isReady) return { port, stop: () => end(guard) };

    await end(guard);
    const isPortTaken = /address already in use|eaddrinuse|dist_port_already_used/i.test(log);
    if (!isPortTaken || tries === portTriesMax) {
      throw new Error(`${server.name} did not start: ${log}`);
    }
  }
}

function untilReadyOrEnded(
  guard: Guard,
  ready: RegExp,
): Promise<{ isReady: boolean; log: string }> {
  const { promise, resolve } = Promise.withResolvers<{ isReady: boolean; log: string }>();
  let log = "";
  const deadline = setTimeout(() => {
    resolve({ isReady: false, log: `${log}\nnot ready after ${patienceMs} ms` });
  }, patienceMs);
  const append = (text: string) => {
    log = (log + text).slice(-logCharactersMax);
    if (ready.test(log)) resolve({ isReady: true, log });
  };
  for (const stream of [guard.stdout, guard.stderr]) stream.setEncoding("utf8").on("data", append);
  guard.once("error", (error) => resolve({ isReady: false, log: String(error) }));
  guard.once("exit", () => resolve({ isReady: false, log }));
  return promise.finally(() => clearTimeout(deadline));
}

async function end(guard: Guard): Promise<void> {
  const isRunning = guard.exitCode === null && guard.signalCode === null && guard.pid !== undefined;
  const exit = isRunning ? once(guard, "exit") : undefined;
  guard.stdin.end();
  await exit;
}
