import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { findFreePort } from "./find-free-port.ts";
import { postgresBinaries } from "./postgres-binaries.ts";
import { patienceMs } from "./until.ts";

export interface Postgres {
  readonly port: number;
  /** Of the postmaster. */
  readonly pid: number;
  /** Connects as superuser `postgres`, without a password; the database is `postgres` unless named. */
  url(database?: string): string;
  /** Ends the server and removes its data; may be called twice. */
  stop(): Promise<void>;
}

/** `settings` are lines of postgresql.conf: `{ shared_preload_libraries: "auto_explain" }`. */
export interface PostgresOptions {
  readonly settings?: Readonly<Record<string, string>>;
}

type Guard = ChildProcessByStdio<Writable, null, Readable>;

/** Test data may be lost with the machine, so nothing waits for the disk; only this machine may connect. */
const testSettings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
};

/**
 * The server and its folder live as long as our end of the guard's standard input: `stop` closes it, and the system
 * does when we are killed.
 *
 *   us ──pipe──▶ sh ──▶ initdb, then postgres
 *                └─ reads the pipe; at its end: SIGINT to postgres (disconnects everybody), then the folder is removed
 *
 * SIGINT more than once: until postgres listens to it, it is ignored.
 */
const guardScript = `
  trap '' INT PIPE
  trap 'rm -rf "$folder"' EXIT
  folder=$1 initdb=$2
  shift 2
  "$initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync >/dev/null || exit
  exec 3<&0
  "$@" -D data 3<&- &
  postgres=$!
  (trap - EXIT; read -r _ <&3; while kill -INT $postgres; do sleep 0.1; done) 2>/dev/null &
  guard=$!
  wait $postgres
  kill $guard 2>/dev/null
`;

/** PostgreSQL refuses to run as root; this is user `nobody`. */
const asNobody = { uid: 65534, gid: 65534 };
const logCharactersMax = 100_000;
const portTriesMax = 3;

/**
 * Starts a real PostgreSQL 18 with an empty cluster of its own on a free port of the loopback interface. It ends with
 * this process, however that ends. Throws with the server's log when it does not come up.
 */
export async function startPostgres({ settings = {} }: PostgresOptions = {}): Promise<Postgres> {
  const { initdb, postgres } = await postgresBinaries();
  for (let tries = 1; ; tries += 1) {
    const folder = await createFolder();
    // Another program may take this one first: then it is tried again.
    const port = await findFreePort();
    const allSettings = { ...testSettings, ...settings, port };
    const lines = Object.entries(allSettings).flatMap(([name, value]) => [
      "-c",
      `${name}=${value}`,
    ]);
    const guard = spawn("/bin/sh", ["-c", guardScript, "sh", folder, initdb, postgres, ...lines], {
      ...surroundings(folder),
      stdio: ["pipe", "ignore", "pipe"],
    });
    const { isReady, log } = await untilReadyOrEnded(guard);
    if (isReady) return toPostgres(guard, folder, port);

    await end(guard);
    const isPortTaken = log.includes("Address already in use");
    if (!isPortTaken || tries === portTriesMax) throw new Error(`PostgreSQL did not start: ${log}`);
  }
}

/** Without our environment: PGDATA and its like would change what we start. */
function surroundings(folder: string) {
  const user = process.getuid?.() === 0 ? asNobody : {};
  return { ...user, cwd: folder, env: { LC_ALL: "C", PATH: "/usr/bin:/bin" } };
}

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "culprit-postgres-data-"));
  if (process.getuid?.() === 0) await chown(folder, asNobody.uid, asNobody.gid);
  return folder;
}

function untilReadyOrEnded(guard: Guard): Promise<{ isReady: boolean; log: string }> {
  const { promise, resolve } = Promise.withResolvers<{ isReady: boolean; log: string }>();
  let log = "";
  const deadline = setTimeout(() => {
    resolve({ isReady: false, log: `${log}\nnot ready after ${patienceMs} ms` });
  }, patienceMs);
  guard.stderr.setEncoding("utf8").on("data", (text: string) => {
    log = (log + text).slice(-logCharactersMax);
    if (log.includes("ready to accept connections")) resolve({ isReady: true, log });
  });
  guard.once("error", (error) => resolve({ isReady: false, log: String(error) }));
  guard.once("exit", () => resolve({ isReady: false, log }));
  return promise.finally(() => clearTimeout(deadline));
}

async function toPostgres(guard: Guard, folder: string, port: number): Promise<Postgres> {
  const [firstLine] = (await readFile(join(folder, "data/postmaster.pid"), "utf8")).split("\n");
  return {
    port,
    pid: Number(firstLine),
    url: (database = "postgres") => `postgres://postgres@127.0.0.1:${port}/${database}`,
    stop: () => end(guard),
  };
}

async function end(guard: Guard): Promise<void> {
  const isRunning = guard.exitCode === null && guard.signalCode === null && guard.pid !== undefined;
  const exit = isRunning ? once(guard, "exit") : undefined;
  guard.stdin.end();
  await exit;
}
