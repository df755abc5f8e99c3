import { mkdir } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type Analyzer, startAnalyzer } from "../analyzers/schedule/analyzer.ts";
import { readEndpointPath } from "../analyzers/schedule/read-endpoint-path.ts";
import { readWaterfall } from "../analyzers/schedule/read-waterfall.ts";
import { createApi } from "../collector/api/api.ts";
import type { Coverage } from "../collector/api/responses.ts";
import { createCollectorApp } from "../collector/collector-app.ts";
import { Counters } from "../collector/counters.ts";
import { defaultDecodeLimits } from "../collector/decode/decode-limits.ts";
import { createDecoder } from "../collector/decode/decoder.ts";
import { openJournal } from "../collector/journal/journal.ts";
import { createMetrics } from "../collector/metrics.ts";
import { createLimitedServer, defaultHttpLimits } from "../collector/receiver/http-limits.ts";
import { createOtlpReceiver } from "../collector/receiver/otlp-http.ts";
import { openEmbeddedStore } from "../storage/embedded/open-embedded-store.ts";
import { createAlerts } from "./alerts.ts";
import type { StartConfig } from "./config.ts";
import { toMetricSources } from "./metric-sources.ts";
import { findPackageRoot } from "./package-root.ts";

export interface Culprit {
  /** Where it answers: "http://127.0.0.1:4318". */
  readonly url: string;
  /** Lets the requests under way end, then closes; what is not inserted yet stays in the journal. */
  close(): Promise<void>;
}

const hourMs = 3_600_000;
/** Spans that start outside [now - past, now + future] are rejected: each day is a partition of its own in an insert. */
const acceptedWindow = { pastMs: 72 * hourMs, futureMs: hourMs / 6 };

/**
 * Builds every part and connects them; nothing else does.
 *
 *   receiver ─▶ decoder ─▶ journal ─▶ store ◀─ analyzer ─▶ alerts
 *                                       ▲
 *                             UI ─ api ─┘
 */
export async function startCulprit(
  config: StartConfig,
  { log }: { readonly log: (line: string) => void },
): Promise<Culprit> {
  const now = Date.now;
  await mkdir(config.dataFolder, { recursive: true });
  const store = await openEmbeddedStore({
    folder: join(config.dataFolder, "clickhouse"),
    retentionDays: config.retentionDays,
    onLog: (line) => log(`database: ${line}`),
  });
  const journal = await openJournal({
    folder: join(config.dataFolder, "journal"),
    insert: (file, token) => store.insertSpans(file, token),
    bytesMax: config.journalBytesMax,
    now,
    log: (line) => log(`journal: ${line}`),
  });
  const decoder = createDecoder();
  const counters = new Counters();
  const alerts = await createAlerts(config, store, (line) => log(`alerts: ${line}`));
  const analyzer = startAnalyzer({
    calls: store.calls,
    onFinding: (finding) => alerts.offer(finding),
    log: (line) => log(`analyzers: ${line}`),
  });
  const parts = { counters, journal, decoder, store, analyzer, alerts };
  const metrics = createMetrics(toMetricSources(parts));
  const app = createCollectorApp({
    receiver: createOtlpReceiver({
      decode: (body, encoding, context) =>
        decoder.decode(body, encoding, { ...context, limits: defaultDecodeLimits }),
      journal,
      counters,
      limits: defaultHttpLimits,
      window: acceptedWindow,
      now,
      log: (line) => log(`receiver: ${line}`),
    }),
    api: createApi({
      store,
      now,
      log: (line) => log(`api: ${line}`),
      analysis: () => toCoverage(analyzer),
      readWaterfall: (traceId, range) => readWaterfall(store, traceId, range),
      readPath: (endpoint, window) => readEndpointPath(store, endpoint, window),
      titleOf: (id) => analyzer.detectors.find((detector) => detector.id === id)?.title ?? id,
    }),
    metrics: metrics.handle,
    notReady: () => (store.childPid() === undefined ? "the database is starting" : undefined),
    webFolder: join(findPackageRoot(), "web/dist"),
    hostsAllowed: toHosts(config),
  });
  const server = createLimitedServer(app, defaultHttpLimits, counters);
  const port = await listen(server, config);
  const closeInOrder = [
    () => closeServer(server),
    analyzer.close,
    alerts.close,
    decoder.close,
    () => journal.close(),
    metrics.close,
    store.close,
  ];
  return {
    url: `http://${config.host.includes(":") ? `[${config.host}]` : config.host}:${port}`,
    close: async () => {
      for (const close of closeInOrder) await close();
    },
  };
}

function toCoverage(analyzer: Analyzer): Omit<Coverage, "spansStored" | "services"> {
  const { tracesExamined, examinedUntilMs, detectorErrors } = analyzer.counters();
  return {
    tracesExamined,
    examinedUntilAt: examinedUntilMs,
    detectors: analyzer.detectors.map(({ id, title }) => ({
      id,
      title,
      errors: detectorErrors[id] ?? 0,
    })),
  };
}

/** On loopback, browsers may be tricked into coming here under another site's name; elsewhere a proxy decides. */
function toHosts({ host, publicUrl }: StartConfig): ReadonlySet<string> | undefined {
  const loopback = ["127.0.0.1", "localhost", "::1", "[::1]"];
  return loopback.includes(host) ? new Set([...loopback, new URL(publicUrl).hostname]) : undefined;
}

async function listen(server: Server, { host, port }: StartConfig): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const hint =
        error.code === "EADDRINUSE"
          ? `port ${port} is taken: choose another with --port`
          : error.message;
      reject(new Error(`can't listen on ${host}:${port}: ${hint}`));
    });
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

const closeMs = 5_000;

/** Takes no more connections; those with a request under way get some seconds to end it. */
async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const lastResort = setTimeout(() => server.closeAllConnections(), closeMs);
  await closed;
  clearTimeout(lastResort);
}
