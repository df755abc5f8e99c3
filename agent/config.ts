import { withKnownValues } from "./known-values.ts";
import type { SamplerName } from "./tracing/sampler.ts";

/** Everything that the environment decides about the agent, apart from what OpenTelemetry's packages read themselves. */
export interface Config {
  /** `OTEL_SDK_DISABLED`: nothing is loaded and nothing is patched. */
  readonly isDisabled: boolean;
  /** Whether `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` names the service. */
  readonly isServiceNamed: boolean;
  /** Whether `OTEL_LOG_LEVEL` asks for OpenTelemetry's own log on the console. */
  readonly isDiagToConsole: boolean;
  readonly isLogExported: boolean;
  /** Our own instrumentations and export; otherwise OpenTelemetry's SDK and contrib instrumentations do everything. */
  readonly isFastPath: boolean;
  readonly sampler: SamplerName;
  readonly samplerRatio: number;
  /** `OTEL_BSP_*`: spans of one request to the collector, and how long they wait for each other. */
  readonly batchSpansMax: number;
  readonly batchDelayMs: number;
  readonly serviceName: string | undefined;
  readonly resourceAttributes: string;
  readonly resourceDetectors: readonly string[];
  /** `OTEL_EXPORTER_OTLP_*`, without addresses that are none. */
  readonly exporterEnvironment: Readonly<Record<string, string>>;
  /** By its name without the prefix `@opentelemetry/instrumentation-`. */
  readonly isInstrumentationOn: (name: string) => boolean;
  /** How we send spans; undefined leaves it to sdk-node (console, zipkin, gRPC, none). */
  readonly spanEncoding: "http/protobuf" | "http/json" | undefined;
  /** Names without the prefix `@opentelemetry/instrumentation-`. */
  readonly enabledInstrumentations: readonly string[];
  /** Headers of requests whose values become attributes. */
  readonly capturedHeaders: readonly string[];
  /** Makes hashes of parameters comparable between processes; random per process without it. */
  readonly paramsKey: string | undefined;
  /** The call of one statement within one request from which on its call site is recorded; 0 is never. */
  readonly callSiteRepeatsMin: number;
  /** Whether the database is asked for the plans of pg's statements that are slow. */
  readonly arePlansTaken: boolean;
  /** Whether statements of pg get a comment that names service and route. */
  readonly isSqlCommented: boolean;
  /** Encoded spans that wait for the collector; beyond this the oldest are dropped and counted. */
  readonly exportQueueBytesMax: number;
  /** How long the end of the process is held up for spans that are not yet sent. */
  readonly flushTimeoutMs: number;
  /** What our own readers export metrics to; undefined leaves it to sdk-node (console, OTLP over gRPC). */
  readonly metricExporters: readonly ("otlp" | "prometheus")[] | undefined;
  readonly metricIntervalMs: number;
  readonly prometheusHost: string | undefined;
  readonly prometheusPort: number;
  /** From this duration on a block of the event loop is told, with the code that blocked; 0 is never. */
  readonly eventLoopBlockMs: number;
  /** What the agent may take of the event loop's time, 0 to 1; 0 is without limit. */
  readonly ownShareMax: number;
  /** Of requests that are not remarkable the share that is sent; 1 is all, decided at their start. */
  readonly tailRatio: number;
  /** Node's own flags: of the command line, and of `NODE_OPTIONS`. */
  readonly nodeFlags: readonly string[];
  /** Profiles of CPU and heap: never; when there is a reason; of the CPU, all the time. */
  readonly profile: ProfileMode;
  /** That asks for a CPU profile; undefined: none does. */
  readonly profileSignal: NodeJS.Signals | undefined;
  /** How long a CPU profile takes; so often a continuous one is told. */
  readonly profileDurationMs: number;
  /** The heap grows when it holds more after each of several such windows; 0: nobody looks. */
  readonly heapWindowMs: number;
  /** What is wrong in the environment; each is said once, and the default is used. */
  readonly warnings: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const profileModes = ["off", "triggered", "continuous"] as const;

const profileSignals = ["SIGUSR2", "SIGHUP", "SIGQUIT"] as const;

type ProfileMode = (typeof profileModes)[number];

/** Detectors of resources that are ours; with any other, OpenTelemetry's SDK runs instead of the fast path. */
const ownDetectors: readonly string[] = ["env", "host", "process", "container", "none"];

/** Read by OpenTelemetry's packages during set-up. What the user has set stays. */
const otelDefaults: Readonly<Record<string, string>> = {
  OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
  OTEL_LOGS_EXPORTER: "none",
  OTEL_METRICS_EXPORTER: "none",
  // Never a cloud's metadata service: each asks the network, and waits for it, at every start.
  OTEL_NODE_RESOURCE_DETECTORS: "env,host,process,container",
};

export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const warnings: string[] = [];
  const env = withKnownValues(environment, warnings);
  const limit = (name: string, fallback: number) => readLimit(env, name, fallback, warnings);
  const enabled = readList(env, "OTEL_NODE_ENABLED_INSTRUMENTATIONS");
  const disabled = readList(env, "OTEL_NODE_DISABLED_INSTRUMENTATIONS");
  const profile = readOneOf(env, "CULPRIT_PROFILE", profileModes, "triggered", warnings);
  return Object.freeze({
    isFastPath: isFastPathPossible(env),
    sampler: (read(env, "OTEL_TRACES_SAMPLER") ?? "parentbased_always_on") as SamplerName,
    samplerRatio: readRatio(env, "OTEL_TRACES_SAMPLER_ARG", warnings),
    batchSpansMax: Math.max(limit("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1_024), 1),
    batchDelayMs: limit("OTEL_BSP_SCHEDULE_DELAY", 5_000),
    serviceName: read(env, "OTEL_SERVICE_NAME"),
    resourceAttributes: read(env, "OTEL_RESOURCE_ATTRIBUTES") ?? "",
    resourceDetectors: readDetectors(env),
    exporterEnvironment: readExporterEnvironment(env, warnings),
    isInstrumentationOn: (name: string) =>
      (enabled.length === 0 || enabled.includes(name)) && !disabled.includes(name),
    isDisabled: read(env, "OTEL_SDK_DISABLED")?.toLowerCase() === "true",
    isServiceNamed:
      read(env, "OTEL_SERVICE_NAME") !== undefined ||
      /(^|,)\s*service\.name\s*=/.test(read(env, "OTEL_RESOURCE_ATTRIBUTES") ?? ""),
    isDiagToConsole: read(env, "OTEL_LOG_LEVEL") !== undefined,
    isLogExported: (read(env, "OTEL_LOGS_EXPORTER") ?? "none") !== "none",
    spanEncoding: readSpanEncoding(env),
    enabledInstrumentations: enabled,
    capturedHeaders: readList(env, "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST"),
    paramsKey: read(env, "CULPRIT_PARAMS_KEY"),
    callSiteRepeatsMin: limit("CULPRIT_CALL_SITE_REPEATS_MIN", 3),
    arePlansTaken: readOneOf(env, "CULPRIT_PLANS", ["on", "off"], "off", warnings) === "on",
    isSqlCommented:
      readOneOf(env, "CULPRIT_SQL_COMMENTER", ["on", "off"], "off", warnings) === "on",
    exportQueueBytesMax: limit("CULPRIT_EXPORT_QUEUE_BYTES_MAX", 8 * 1024 * 1024),
    flushTimeoutMs: limit("CULPRIT_FLUSH_TIMEOUT_MS", 2_000),
    metricExporters: readMetricExporters(env),
    metricIntervalMs: limit("OTEL_METRIC_EXPORT_INTERVAL", 60_000),
    prometheusHost: read(env, "OTEL_EXPORTER_PROMETHEUS_HOST"),
    prometheusPort: limit("OTEL_EXPORTER_PROMETHEUS_PORT", 9_464),
    eventLoopBlockMs: limit("CULPRIT_EVENT_LOOP_BLOCK_MS", 100),
    ownShareMax: limit("CULPRIT_CPU_PERCENT_MAX", 20) / 100,
    tailRatio: readRatio(env, "CULPRIT_TAIL_RATIO", warnings),
    nodeFlags: [...process.execArgv, ...(read(env, "NODE_OPTIONS")?.split(/\s+/) ?? [])],
    profile,
    profileSignal: readOneOf(env, "CULPRIT_PROFILE_SIGNAL", profileSignals, undefined, warnings),
    profileDurationMs: Math.max(
      limit("CULPRIT_PROFILE_DURATION_MS", profile === "continuous" ? 60_000 : 10_000),
      100,
    ),
    heapWindowMs: limit("CULPRIT_HEAP_WINDOW_MS", 60_000),
    warnings,
  });
}

function readOneOf<Name extends string, Fallback>(
  env: Environment,
  name: string,
  names: readonly Name[],
  fallback: Fallback,
  warnings: string[],
): Name | Fallback {
  const text = read(env, name);
  const known = names.find((it) => it === text);
  if (text !== undefined && known === undefined) {
    warnings.push(`${name} is "${text}", none of ${names.join(", ")}; it is not used`);
  }
  return known ?? fallback;
}

/**
 * Our defaults stand in the environment while OpenTelemetry is set up and are gone afterwards, so that neither the
 * application nor a child process sees them.
 */
export function withOtelDefaults<Result>(
  setUp: () => Result,
  env: NodeJS.ProcessEnv = process.env,
): Result {
  const lent = Object.keys(otelDefaults).filter((name) => read(env, name) === undefined);
  const before = new Map(lent.map((name) => [name, env[name]]));
  for (const name of lent) env[name] = otelDefaults[name];
  try {
    return setUp();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete env[name];
      else env[name] = value;
    }
  }
}

/** An empty variable counts as not set, as OpenTelemetry's specification says. */
function read(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

function readList(env: Environment, name: string): string[] {
  return (read(env, name) ?? "").split(",").flatMap((item) => item.trim() || []);
}

function readSpanEncoding(env: Environment): Config["spanEncoding"] {
  if ((read(env, "OTEL_TRACES_EXPORTER") ?? "otlp") !== "otlp") return undefined;
  const protocol =
    read(env, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ?? read(env, "OTEL_EXPORTER_OTLP_PROTOCOL");
  if (protocol === undefined) return "http/protobuf";
  return protocol === "http/protobuf" || protocol === "http/json" ? protocol : undefined;
}

function readMetricExporters(env: Environment): Config["metricExporters"] {
  const names = readList(env, "OTEL_METRICS_EXPORTER").filter((name) => name !== "none");
  const ours = names.filter((name) => name === "otlp" || name === "prometheus");
  const protocol =
    read(env, "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL") ?? read(env, "OTEL_EXPORTER_OTLP_PROTOCOL");
  const isGrpc = ours.includes("otlp") && protocol === "grpc";
  return ours.length < names.length || isGrpc ? undefined : ours;
}

/** What the fast path does not do itself is left to OpenTelemetry's SDK, as a whole. */
function isFastPathPossible(env: Environment): boolean {
  const propagators = read(env, "OTEL_PROPAGATORS")?.split(",") ?? [];
  const samplers = /^(parentbased_)?(always_on|always_off|traceidratio)$/;
  const anyLogs = read(env, "OTEL_LOGS_EXPORTER") ?? "none";
  return (
    read(env, "CULPRIT_FAST_PATH")?.toLowerCase() !== "off" &&
    readSpanEncoding(env) === "http/protobuf" &&
    propagators.every((name) => ["tracecontext", "baggage"].includes(name.trim())) &&
    samplers.test(read(env, "OTEL_TRACES_SAMPLER") ?? "always_on") &&
    readDetectors(env).every((name) => ownDetectors.includes(name)) &&
    readMetricExporters(env) !== undefined &&
    anyLogs === "none"
  );
}

function readDetectors(env: Environment): string[] {
  const detectors = readList(env, "OTEL_NODE_RESOURCE_DETECTORS");
  return detectors.length === 0 ? ["env", "host", "process", "container"] : detectors;
}

function readExporterEnvironment(env: Environment, warnings: string[]) {
  const names = Object.keys(env).filter((name) => name.startsWith("OTEL_EXPORTER_OTLP_"));
  // gRPC's addresses need no scheme.
  if (readSpanEncoding(env) === undefined) return pick(env, names);
  const wrong = ["ENDPOINT", "TRACES_ENDPOINT", "LOGS_ENDPOINT"]
    .map((name) => `OTEL_EXPORTER_OTLP_${name}`)
    .filter((name) => !isHttpAddress(read(env, name) ?? "http://localhost"));
  // Without its value: an address may hold a password.
  for (const name of wrong)
    warnings.push(`${name} does not start with http:// or https:// and a host; it is not used`);
  return pick(
    env,
    names.filter((name) => !wrong.includes(name)),
  );
}

/** `localhost:4318` is a URL, too: of the scheme `localhost:`. */
function isHttpAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function pick(from: Readonly<Record<string, string | undefined>>, names: readonly string[]) {
  return Object.fromEntries(names.flatMap((name) => (from[name] ? [[name, from[name]]] : [])));
}

function readRatio(env: Environment, name: string, warnings: string[]): number {
  const ratio = Number(read(env, name) ?? 1);
  if (ratio >= 0 && ratio <= 1) return ratio;
  warnings.push(`${name} is "${read(env, name)}", not a number from 0 to 1; 1 is used`);
  return 1;
}

function readLimit(env: Environment, name: string, fallback: number, warnings: string[]): number {
  const text = read(env, name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  warnings.push(`${name} is "${text}", not a whole number from 0 on; ${fallback} is used`);
  return fallback;
}
