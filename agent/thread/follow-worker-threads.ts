import { subscribe } from "node:diagnostics_channel";
import type { Worker } from "node:worker_threads";
import type { AgentThread, ThreadListener } from "./agent-thread.ts";

/** Further ones run untraced. */
const workersMax = 256;

/**
 * Lets the agent's thread listen to the worker threads that the application starts. What is started by a worker thread
 * runs untraced. `onWorker` is called for each of them.
 */
export function followWorkerThreads(thread: AgentThread, onWorker: (worker: Worker) => void): void {
  const workers = new Set<number>();
  const listener: ThreadListener = {
    onReport: () => undefined,
    onExit() {
      if (workers.size > 0 && thread.start()) announce(workers);
    },
  };
  const announce = (threadIds: Iterable<number>) => {
    for (const threadId of threadIds) thread.post({ kind: "worker", threadId });
  };
  thread.listen(listener);

  subscribe("worker_threads", (message) => {
    const { worker } = message as { worker: Worker };
    // It may be the agent's own, which is known as such once it is made.
    queueMicrotask(() => {
      const { threadId } = worker;
      if (thread.is(worker) || threadId < 0 || workers.size >= workersMax || !thread.start())
        return;
      workers.add(threadId);
      onWorker(worker);
      announce([threadId]);
      worker.once("exit", () => {
        workers.delete(threadId);
        if (thread.isRunning) thread.post({ kind: "workerEnded", threadId });
      });
    });
  });
}
