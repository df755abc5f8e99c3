import { parentPort, workerData } from "node:worker_threads";
import { ExportService, type ExportSettings } from "./export-service.ts";
import { readOtlpEnvironment } from "./otlp-environment.ts";

/** The export thread. Its own sockets hold only this thread, and nobody waits for that. */
const settings = workerData as ExportSettings;
const service = new ExportService(
  readOtlpEnvironment(settings.environment, "application/x-protobuf"),
  settings,
  (report, transfer = []) => parentPort?.postMessage(report, [...transfer]),
);
parentPort?.on("message", (request) => service.handle(request));
