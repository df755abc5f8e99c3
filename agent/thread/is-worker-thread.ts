/**
 * Whether this is a thread of `node:worker_threads`. That module says so itself, but an application that has no threads
 * would load it for that alone: 9 million instructions. There Node takes away what would change the whole process, and
 * marks it so.
 */
export function isWorkerThread(): boolean {
  return "disabled" in process.chdir;
}
