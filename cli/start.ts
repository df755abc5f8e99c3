import { join } from "node:path";
import { Router } from "express";
import { traceDetectors, windowDetectors } from "../analyzers/index.ts";
import { type Analyzer, noAnalyzer, startAnalyzer } from "../analyzers/schedule/analyzer.ts";
import {
  type EndpointGainOptions,
  readEndpointGain,
} from "../analyzers/schedule/read-endpoint-gain.ts";
import { readEndpointPath } from "../analyzers/schedule/read-endpoint-path.ts";
import { readWaterfall } from "../analyzers/schedule/read-waterfall.ts";
import type { OnDetectorError } from "../analyzers/schedule/repaired-sample.ts";
import { createApi } from "../collector/api/api.ts";
import type { Coverage } from "../collector/api/responses.ts";
import { createCollectorApp } from "../collector/collector-app.ts";
import { Counters } from "../collector/counters.ts";
import { createDecoder, type Decoder } from "../collector/decode/decoder.ts";
import { createMetrics } from "../collector/metrics.ts";
import { createLimitedServer, defaultHttpLimits } from "../collector/receiver/http-limits.ts";
import { type Access, openAccess } from "./access.ts";
import { type Alerts, createAlerts } from "./alerts.ts";
import { type StartConfig, toLocalUrl } from "./config.ts";
import { isLoopback } from "./exposure.ts";
import { closeMs, closeServer, listen } from "./listen.ts";
import { makeDataFolder } from "./make-data-folder.ts";
import { toMetricSources } from "./metric-sources.ts";
import { openJournals } from "./open-journals.ts";
import { openStore, type StoreParts } from "./open-store.ts";
import { findPackageRoot } from "./package-root.ts";
import { createReceivers, type Journals } from "./receivers.ts";
import { hasPart } from "./role.ts";

export interface Culprit {
  /** Where it answers: "http://127.0.0.1:4318". */
  readonly url: string;
  /** Where it takes OTLP/gRPC; undefined: nowhere. */
  readonly grpcUrl: string | undefined;
  /** The database answers; until it does, what comes is journaled. */
  isReady(): boolean;
  /** Resolves when the database inside has its tables, at once without one; rejects when it can't have them. */
  readonly opened: Promise<void>;
  /** Looks at once whether keys or certificates have changed; it does so by itself every few seconds. */
  reload(): Promise<void>;
  /** Lets the requests under way end, then closes; what is not inserted yet stays in the journal. */
  close(): Promise<void>;
}

type Log = (line: string) => void;

export interface StartHooks {
  readonly log: Log;
}

/**
 * Builds every part and connects them; nothing else does. When one can't be built, those before it are closed.
 *
 *   receiver ─▶ decoder ─▶ journal ─▶ store ◀─ analyzer ─▶ alerts
 *                                       ▲
 *                             UI ─ api ─┘
 */
export async function startCulprit(config: StartConfig, hooks: StartHooks): Promise<Culprit> {
  const opened: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (let end = opened.pop(); end; end = opened.pop()) await end();
  };
  try {
    const started = await openParts(config, hooks, opened);
    return { ...started, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Adds to `opened` how each part is closed, in the order in which they are built. Returns where it answers. */
async function openParts(
  config: StartConfig,
  { log }: StartHooks,
  opened: (() => Promise<unknown>)[],
): Promise<Omit<Culprit, "close">> {
  const now = Date.now;
  await makeDataFolder(config.dataFolder);
  const counters = new Counters();
  const access = await openAccess(config, { counters, now, log });
  opened.push(() => access.close());
  const stored = await openStore(config, log, opened);
  const { store } = stored;
  const journals = await openJournals(config, { store, now, log, opened });
  const decoder = createDecoder();
  opened.push(() => decoder.close());
  const { role, analyzerShare } = config;
  const tells = hasPart(role, "analyzer") && (analyzerShare?.worker ?? 0) === 0;
  const told = tells ? config : withoutChannels(config);
  const alerts = await createAlerts(told, store, (line) => log(`alerts: ${line}`));
  opened.push(() => alerts.close());
  const analyzer =
    config.hasAnalysis && hasPart(role, "analyzer")
      ? startAnalyzer({
          calls: store.calls,
          onFinding: (finding) => alerts.offer(finding),
          log: (line) => log(`analyzers: ${line}`),
          share: analyzerShare,
          ready: stored.opened,
        })
      : noAnalyzer;
  opened.push(() => analyzer.close());
  const parts: Parts = { counters, access, journals, decoder, ...stored, analyzer, alerts };
  const receivers = createReceivers({ ...parts, config, now, log });
  const { journalBytesMax } = config;
  const metrics = createMetrics(toMetricSources({ ...parts, receivers, journalBytesMax }));
  opened.push(() => metrics.close());
  const app = createCollectorApp({
    receiver: hasPart(role, "collector") ? receivers.http : Router(),
    api: hasPart(role, "api") ? createReadApi(parts, now, log) : Router(),
    readGuard: access.readGuard,
    metrics: metrics.handle,
    notReady: () => (store.isReady() ? undefined : "the database is starting"),
    webFolder: hasPart(role, "api") ? join(findPackageRoot(), "web/dist") : undefined,
    hostsAllowed: toHosts(config),
  });
  const server = createLimitedServer(app, defaultHttpLimits, counters, access.tls);
  opened.push(() => closeServer(server));
  const { host, port, grpcPort } = config;
  const hasTls = access.tls !== undefined;
  const url = toLocalUrl(host, await listen(server, { host, port, flag: "--port" }), hasTls);
  const { reload } = access;
  const { isReady } = store;
  const running = { url, isReady, opened: stored.opened, reload };
  if (grpcPort === "off" || !hasPart(role, "collector")) return { ...running, grpcUrl: undefined };
  opened.push(() => receivers.grpc.close(closeMs));
  const { server: grpc } = receivers.grpc;
  const taken = await listen(grpc, { host, port: grpcPort, flag: "--grpc-port (or off)" });
  return { ...running, grpcUrl: toLocalUrl(host, taken, hasTls) };
}

/** Findings are told by who merges them: the analyzer, of several the first. */
function withoutChannels({ slackWebhookUrl: _, ...config }: StartConfig): StartConfig {
  return config;
}

/** Also those that another process runs. */
const allDetectors = [...traceDetectors, ...windowDetectors];

interface Parts extends StoreParts {
  readonly counters: Counters;
  readonly access: Access;
  readonly journals: Journals;
  readonly decoder: Decoder;
  readonly analyzer: Analyzer;
  readonly alerts: Alerts;
}

function createReadApi({ store, analyzer, counters }: Parts, now: () => number, log: Log): Router {
  return createApi({
    store,
    now,
    log: (line) => log(`api: ${line}`),
    counters,
    analysis: () => toCoverage(analyzer),
    readWaterfall: (traceId, range) => readWaterfall(store, traceId, range),
    readPath: (endpoint, window) => readEndpointPath(store, endpoint, window),
    readGain: (endpoint, window) => readEndpointGain(toGainOptions(store, log), endpoint, window),
    titleOf: (id) => allDetectors.find(({ meta }) => meta.id === id)?.meta.title ?? id,
  });
}

function toGainOptions(store: StoreParts["store"], log: Log): EndpointGainOptions {
  const onError: OnDetectorError = (detector, { traceId }, error) =>
    log(`api: ${detector} failed on trace ${traceId}: ${String(error)}`);
  return { store, detectors: traceDetectors, onError };
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
  if (!isLoopback(host)) return undefined;
  return new Set(["127.0.0.1", "localhost", "::1", "[::1]", new URL(publicUrl).hostname]);
}
