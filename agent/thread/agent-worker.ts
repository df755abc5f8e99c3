import { parentPort, workerData } from "node:worker_threads";
import { ExportService } from "../export/export-service.ts";
import { readOtlpEnvironment } from "../export/otlp-environment.ts";
import { watchMainThread } from "../runtime/watch-main-thread.ts";
import type { ThreadReport, ThreadSettings } from "./thread-messages.ts";

/**
 * The agent's one thread. Its own sockets hold only this thread, and nobody waits for that.
 *
 *   chunks of spans ──▶ ExportService ──▶ collector
 *   heartbeat ────────▶ watchMainThread ──▶ stacks, back to the application's thread
 */
const { sending, watching } = workerData as ThreadSettings;
const report = (message: ThreadReport, transfer: readonly ArrayBuffer[] = []) =>
  parentPort?.postMessage(message, [...transfer]);

if (sending !== undefined) {
  const target = readOtlpEnvironment(sending.environment, "application/x-protobuf");
  const service = new ExportService(target, sending, report);
  parentPort?.on("message", (request) => service.handle(request));
}
if (watching !== undefined) {
  watchMainThread(watching, {
    onStack: (stack) => report({ kind: "stack", stack }),
    onFailure: (reason) => report({ kind: "watchFailed", reason }),
  });
}
