import type { ModuleLoads } from "../instrumentations/module-loads.ts";
import { environmentKey } from "./worker-channel.ts";

let isWithdrawn = false;

/**
 * Lets worker threads know that the process is traced, in their environment data. Node's module of threads is dear to
 * load, so it is done when the application loads it, and else when the application has started: of what an ES module
 * imports, `--require` sees nothing.
 */
export function announceTracing(loads: ModuleLoads): void {
  const announce = () => {
    if (!isWithdrawn) setEnvironmentData(process.pid);
  };
  for (const name of ["worker_threads", "node:worker_threads"]) loads.onLoaded(name, announce);
  loads.onImported("node:worker_threads", announce);
  process.nextTick(() => {
    // The main file is an ES module, which runs after this.
    if (process.mainModule === undefined) announce();
    else setImmediate(announce).unref();
  });
}

/** For threads that start from now on. */
export function withdrawTracing(): void {
  isWithdrawn = true;
  setEnvironmentData(undefined);
}

function setEnvironmentData(processId: number | undefined): void {
  process.getBuiltinModule("node:worker_threads").setEnvironmentData(environmentKey, processId);
}
