import { readConfig } from "./config.ts";
import { moduleClass } from "./module-class.ts";
import { findOtherAgent } from "./other-agents.ts";
import type { startAgent } from "./start-fast.ts";
import { isWorkerThread } from "./thread/is-worker-thread.ts";
import { environmentKey } from "./thread/worker-channel.ts";

/**
 * `node --require @culprit/agent app.js`. Decides whether the agent may start here; `start-fast.ts` is the set-up, `start-sdk.ts` the other one. Whatever
 * happens, the application runs: what can't be started stays out of the way and says so in one line.
 *
 * Only Node's own modules are loaded up to that decision: OpenTelemetry's may not even parse on an old Node.
 */
export const watchImports: WatchImports = startOrStayInert();

/** Begins to see modules that are imported; called when the agent itself was, by `--import`. */
export type WatchImports = () => void;

function startOrStayInert(): WatchImports {
  if (isWorkerThread() && !isTracedWorker()) return doNothing;
  const config = readConfig();
  if (config.isDisabled) return doNothing;

  const reason = reasonToStayInert(config.nodeFlags);
  if (reason !== undefined) {
    warn(reason);
    return doNothing;
  }
  try {
    const setUp: { startAgent: typeof startAgent } = moduleClass.createRequire(
      import.meta.filename,
    )(config.isFastPath ? "./start-fast.cjs" : "./start-sdk.cjs");
    return setUp.startAgent(config);
  } catch (error) {
    warn(`it could not start: ${error instanceof Error ? error.message : String(error)}`);
    return doNothing;
  }
}

/** Worker threads inherit --require. Node's own, those of loggers, and those of a process that is not traced do nothing. */
function isTracedWorker(): boolean {
  const threads = process.getBuiltinModule("node:worker_threads");
  const { isInternalThread = false, getEnvironmentData, workerData } = threads;
  // Which file the thread will run nobody knows yet; pino's say who has started them.
  const { workerData: ofStream } = Object(workerData) as { workerData?: { $context?: object } };
  const isLogger = "threadStreamVersion" in Object(ofStream?.$context);
  return !isInternalThread && !isLogger && getEnvironmentData(environmentKey) === process.pid;
}

/** A declaration, since it is needed before the end of this module is reached. */
function doNothing(): undefined {
  return undefined;
}

function reasonToStayInert(nodeFlags: readonly string[]): string | undefined {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 22 || (major === 22 && minor < 15)) {
    return `it needs Node.js 22.15 or later, and this is ${process.version}`;
  }
  const world = globalThis as typeof globalThis & Record<symbol | string, unknown>;
  const mark = Symbol.for("culprit.agent");
  if (world[mark]) return "another copy of it is loaded already";
  world[mark] = true;

  const other = findOtherAgent(nodeFlags);
  return other && `${other} traces this process`;
}

function warn(reason: string): void {
  process.emitWarning(`the agent stays inert: ${reason}`, "CulpritWarning");
}
