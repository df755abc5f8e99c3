import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineCalls } from "../engine-calls.ts";
import { type Channel, type Connection, connectCalls } from "../remote.ts";
import { StorageError } from "../store.ts";
import type { ChildMessage, ParentMessage } from "./chdb-child.ts";
import { childEnvironment } from "./config.ts";
import type { EngineOptions } from "./engine.ts";

/** From source the child is a .ts file, from dist a .js file: as this module. */
const childFile = fileURLToPath(
  new URL(`./chdb-child${extname(import.meta.url)}`, import.meta.url),
);

/** Longer than the child waits for the folder. Migrations take as long as they take. */
const takeMsMax = 30_000;
const closeMsMax = 3_000;
const restartDelayMsMin = 100;
const restartDelayMsMax = 5_000;
/** A child that lived this long is not one that fails again and again. */
const steadyMs = 30_000;
const lineCharactersMax = 2_000;

/**
 * Keeps one chDB child running.
 *
 *   starting ──held──▶ migrating ──ready──▶ running ──died──▶ waiting ──delay──▶ starting …
 *                                     close() in any of them ──▶ closed
 */
export class ChildSupervisor {
  readonly #options: EngineOptions;
  readonly #onLog: (line: string) => void;
  #child: ChildProcess | undefined;
  #connection: Connection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #delayMs = restartDelayMsMin;
  #isClosed = false;
  #restarts = 0;
  #lastLine = "";

  constructor(options: EngineOptions, onLog: (line: string) => void) {
    this.#options = options;
    this.#onLog = onLog;
  }

  get pid(): number | undefined {
    return this.#child && !hasEnded(this.#child) ? this.#child.pid : undefined;
  }

  /** Calls are answered now. */
  get isReady(): boolean {
    return this.#connection !== undefined;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Of the child that is running. Throws STORE_UNAVAILABLE when there is none. */
  get calls(): EngineCalls {
    if (this.#connection !== undefined) return this.#connection.calls;
    throw unavailable(this.#isClosed ? "the store is closed" : "the store's process is starting");
  }

  /**
   * Resolves when a child is ready; rejects with STORE_UNAVAILABLE and what kept it from that. Calls `onHeld` as soon
   * as the folder is the child's.
   */
  async start(onHeld: () => void = () => undefined): Promise<void> {
    const child = fork(childFile, [JSON.stringify(this.#options)], {
      serialization: "advanced",
      // What ClickHouse prints is not for our own standard output.
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      execArgv: [],
      env: childEnvironment,
    });
    this.#child = child;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => this.#log(text));
    const startedAt = Date.now();
    await becomeReady(child, onHeld).catch((error: unknown) => {
      throw isHeldElsewhere(this.#lastLine) ? held(this.#options.folder) : error;
    });
    const connection = connectCalls(toChannel(child));
    this.#connection = connection;
    child.once("exit", (code, signal) => {
      this.#connection = undefined;
      connection.end("the store's process ended");
      if (Date.now() - startedAt > steadyMs) this.#delayMs = restartDelayMsMin;
      this.#restartLater(`the store's process ended (${signal ?? code})`);
    });
  }

  /** Rejects calls under way and ends the child: in peace, or by a kill when a query holds it up. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.end("the store is closed");
    const child = this.#child;
    if (child === undefined || hasEnded(child)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill("SIGKILL"), closeMsMax);
      child.once("exit", () => {
        clearTimeout(timer);
        resolve();
      });
      if (connection === undefined) child.kill("SIGKILL");
      else toChannel(child).send({ state: "closing" } satisfies ParentMessage);
    });
  }

  #restartLater(reason: string): void {
    if (this.#isClosed) return;
    this.#log(`${reason}; starting again in ${this.#delayMs} ms`);
    this.#timer = setTimeout(() => {
      this.#restarts++;
      this.start().catch((cause) => this.#restartLater(String(cause)));
    }, this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, restartDelayMsMax);
  }

  /** A line that repeats the one before is left out: a folder that is held says so at every try. */
  #log(text: string): void {
    for (const line of text.split("\n")) {
      if (line.trim() === "" || line === this.#lastLine) continue;
      this.#lastLine = line;
      const said = isHeldElsewhere(line)
        ? `another process holds ${this.#options.folder}: waiting for its end, for 20 s at most`
        : line.slice(0, lineCharactersMax);
      this.#onLog(said);
    }
  }
}

/** Rejects, with the child gone, when it fails, ends or takes too long. */
function becomeReady(child: ChildProcess, onHeld: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(unavailable(`the store did not start: ${reason}`));
    };
    const timer = setTimeout(() => fail(`no folder after ${takeMsMax} ms`), takeMsMax);
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code, signal) => fail(`its process ended (${signal ?? code})`));
    child.on("message", function listen(message: ChildMessage) {
      clearTimeout(timer);
      if (message.state === "held") return onHeld();
      child.off("message", listen);
      if (message.state === "failed") return fail(message.message);
      resolve();
    });
  });
}

function toChannel(child: ChildProcess): Channel {
  return {
    // A child that can't be sent to is gone or as good as gone; its end rejects what waits for it.
    send: (message) => {
      if (!child.connected) return;
      child.send(message as object, (error) => void (error && child.kill("SIGKILL")));
    },
    onMessage: (listener) => void child.on("message", listener),
    onClose: (listener) => void child.once("disconnect", listener),
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** As ClickHouse says it on standard error. */
function isHeldElsewhere(line: string): boolean {
  return line.includes("Cannot lock file");
}

/** chDB says only that it could not connect. */
function held(folder: string): StorageError {
  return unavailable(`another process holds ${folder}: end it, or use another folder`);
}

function unavailable(reason: string): StorageError {
  return new StorageError("STORE_UNAVAILABLE", reason);
}
