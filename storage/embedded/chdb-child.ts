import { type Channel, serveStore } from "../remote.ts";
import { type Engine, type EngineOptions, openEngine } from "./engine.ts";

/**
 * The process that holds chDB: a crash, a memory limit or a kill of ClickHouse leaves the collector standing.
 * Started by `open-embedded-store.ts` with EngineOptions as JSON.
 *
 *   parent                              this
 *     |-- fork, options ---------------->|  takes the folder
 *     |<------- {state: "held"} ---------|  migrates it
 *     |<------- {state: "ready"} --------|  or, also instead of held, {state: "failed", message}
 *     |<------- calls and results ------>|
 *     |-- {state: "closing"} ----------->|  lets go of the folder, exits
 *     x   channel closes                 |  ends at once
 */
export type ChildMessage =
  | { readonly state: "held" }
  | { readonly state: "ready" }
  | { readonly state: "failed"; readonly message: string };

export type ParentMessage = { readonly state: "closing" };

/**
 * A parent that was just killed leaves a child that holds the folder a moment longer: it ends by itself, when it gets
 * the processor, and when the disk has done the fsync that it waits for.
 */
const lockWaitMsMax = 20_000;
const lockRetryMs = 200;

// Without its parent this process would hold the folder's lock against the next one. SIGKILL: nothing is lost by it,
// and an exit would wait for queries under way.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

// The terminal sends these to the whole group; the parent decides when the store ends.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);

const parent: Channel = {
  send: (message) => void process.send?.(message),
  onMessage: (listener) => void process.on("message", listener),
  onClose: (listener) => void process.on("disconnect", listener),
};

try {
  const engine = await takeFolder(JSON.parse(process.argv[2] ?? "{}"));
  process.on("message", (message: ParentMessage) => {
    if (message.state !== "closing") return;
    engine.close();
    process.exit(0);
  });
  serveStore(engine, parent);
  say({ state: "ready" });
} catch (cause) {
  const message = cause instanceof Error ? cause.message : String(cause);
  process.send?.({ state: "failed", message } satisfies ChildMessage, () => process.exit(1));
}

function say(message: ChildMessage): void {
  parent.send(message);
}

async function takeFolder(options: EngineOptions): Promise<Engine> {
  const giveUpAt = performance.now() + lockWaitMsMax;
  while (true) {
    try {
      return await openEngine(options, () => say({ state: "held" }));
    } catch (cause) {
      if (!isConnectionError(cause) || performance.now() > giveUpAt) throw cause;
      await new Promise((resolve) => setTimeout(resolve, lockRetryMs));
    }
  }
}

/** chDB gives no reason; on standard error ClickHouse says "Cannot lock file". */
function isConnectionError(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "CHDB_CONNECTION";
}
