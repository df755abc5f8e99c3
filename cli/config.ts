import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { AnalyzerShare } from "../analyzers/schedule/settled.ts";
import { errorCode } from "../collector/collector-error.ts";
import type { Retention } from "../storage/retention.ts";
import { ConfigError } from "./config-error.ts";
import { type Role, toAnalyzerShare, toRole } from "./role.ts";
import { type ClusterConfig, readStoreConfig, storeOptions } from "./store-options.ts";

/** What `culprit start` runs with: flags first, then environment variables, then defaults. Frozen. */
export interface StartConfig {
  readonly role: Role;
  /** Which of several analyzers this is; absent: it is alone. */
  readonly analyzerShare?: AnalyzerShare;
  readonly host: string;
  readonly port: number;
  /** Of OTLP/gRPC. */
  readonly grpcPort: number | "off";
  /** Absolute path of the data folder. */
  readonly dataFolder: string;
  readonly retention: Retention;
  /** ClickHouse servers instead of the one inside. */
  readonly cluster?: ClusterConfig;
  /** Where SQL clients may read, by ClickHouse's HTTP protocol; undefined: nowhere. */
  readonly clickhousePort?: number;
  /** Base URL under which people reach the UI; used in messages. */
  readonly publicUrl: string;
  readonly slackWebhookUrl?: string;
  /** Alerts may go to private addresses (an internal relay). */
  readonly allowPrivateDestinations: boolean;
  readonly journalBytesMax: number;
  /** How far from now a span may start; others are rejected. */
  readonly acceptedWindow: { readonly pastMs: number; readonly futureMs: number };
  /** Keys that are handed to us, beside those of `culprit keys`. */
  readonly ingestKeysFile?: string;
  /** What API, UI and metrics ask for. */
  readonly apiToken?: string;
  /** Files in PEM; absent: no TLS. */
  readonly tls?: TlsConfig;
  /** Beyond loopback, what is not asked for may be missing. */
  readonly allowUnauthenticated: boolean;
  /** False: spans are received, stored and shown, and nobody looks for findings. */
  readonly hasAnalysis: boolean;
}

/** Absolute paths. */
interface TlsConfig {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile?: string;
}

/** Every option: flag, environment variable, default and help. README's table is checked against it. */
export const startOptions = {
  role: {
    variable: "CULPRIT_ROLE",
    default: "all",
    help: "all, or one part beside others on your ClickHouse: collector, analyzer, api",
  },
  "analyzer-share": {
    variable: "CULPRIT_ANALYZER_SHARE",
    default: "0/1",
    help: "this analyzer's number, from 0, of how many that share the traces; 0 tells all findings",
  },
  host: { variable: "CULPRIT_HOST", default: "127.0.0.1", help: "address to listen on" },
  port: { variable: "CULPRIT_PORT", default: "4318", help: "port of OTLP/HTTP, API and UI" },
  "grpc-port": {
    variable: "CULPRIT_GRPC_PORT",
    default: "4317",
    help: "port of OTLP/gRPC, or off",
  },
  data: { variable: "CULPRIT_DATA", default: "./data", help: "folder for journal and database" },
  ...storeOptions,
  "public-url": {
    variable: "CULPRIT_PUBLIC_URL",
    default: "",
    help: "URL of the UI in messages (default: http://HOST:PORT)",
  },
  "slack-webhook-url": {
    variable: "CULPRIT_SLACK_WEBHOOK_URL",
    default: "",
    help: "Slack incoming webhook; a secret, so prefer the variable",
  },
  "journal-max-mib": {
    variable: "CULPRIT_JOURNAL_MAX_MIB",
    default: "1024",
    help: "bytes that wait for the database before requests are refused",
  },
  "accept-past-hours": {
    variable: "CULPRIT_ACCEPT_PAST_HOURS",
    default: "72",
    help: "spans that started longer ago are rejected, as what is older than the retention",
  },
  "accept-future-minutes": {
    variable: "CULPRIT_ACCEPT_FUTURE_MINUTES",
    default: "10",
    help: "spans that start or end later than this are rejected: a clock is wrong",
  },
  "allow-private-destinations": {
    variable: "CULPRIT_ALLOW_PRIVATE_DESTINATIONS",
    default: "false",
    help: "let alerts go to private addresses",
    isFlag: true,
  },
  "ingest-keys-file": {
    variable: "CULPRIT_INGEST_KEYS_FILE",
    default: "",
    help: "more ingest keys, made with culprit keys create --file",
  },
  "api-token": {
    variable: "CULPRIT_API_TOKEN",
    default: "",
    help: "what API, UI and metrics ask for; a secret, so prefer the variable",
  },
  "tls-cert": {
    variable: "CULPRIT_TLS_CERT",
    default: "",
    help: "certificate (PEM): HTTP and gRPC speak TLS",
  },
  "tls-key": { variable: "CULPRIT_TLS_KEY", default: "", help: "its key (PEM)" },
  "tls-client-ca": {
    variable: "CULPRIT_TLS_CLIENT_CA",
    default: "",
    help: "only clients with a certificate of this CA (PEM) are let in",
  },
  "without-analysis": {
    variable: "CULPRIT_WITHOUT_ANALYSIS",
    default: "false",
    help: "receive, store and show, and look for no findings",
    isFlag: true,
  },
  "allow-unauthenticated": {
    variable: "CULPRIT_ALLOW_UNAUTHENTICATED",
    default: "false",
    help: "listen beyond loopback without ingest keys or API token",
    isFlag: true,
  },
} as const satisfies Record<string, StartOption>;

interface StartOption {
  readonly variable: string;
  readonly default: string;
  readonly help: string;
  readonly isFlag?: true;
}

type OptionName = keyof typeof startOptions;

/** Nobody is slowed down who guesses, so there must be too much to guess. */
const apiTokenLengthMin = 16;

/** Reads and checks flags and environment; throws a `ConfigError` that names the option. */
export function readStartConfig(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): StartConfig {
  const flags = parseFlags(args);
  const setting = (name: OptionName): string => {
    const option: StartOption = startOptions[name];
    return flags[name]?.trim() || environment[option.variable]?.trim() || option.default;
  };
  const host = setting("host");
  const port = toInteger("port", setting("port"), 0, 65_535);
  const ingestKeysFile = setting("ingest-keys-file");
  const apiToken = setting("api-token");
  if (apiToken !== "" && apiToken.length < apiTokenLengthMin) {
    throw new ConfigError(
      `--api-token (CULPRIT_API_TOKEN) must have ${apiTokenLengthMin} characters or more, as from: openssl rand -hex 32`,
    );
  }
  const grpcPort = setting("grpc-port");
  const slackWebhookUrl = setting("slack-webhook-url");
  const tls = toTls(setting);
  const localUrl = toLocalUrl(host, port, tls !== undefined);
  const stored = readStoreConfig(setting, toInteger);
  const role = toRole(setting("role"), stored.cluster !== undefined);
  const analyzerShare = toAnalyzerShare(setting("analyzer-share"), role);
  return Object.freeze({
    role,
    ...(analyzerShare && { analyzerShare }),
    host,
    port,
    grpcPort: grpcPort === "off" ? grpcPort : toInteger("grpc-port", grpcPort, 0, 65_535),
    dataFolder: resolve(setting("data")),
    ...stored,
    publicUrl: toUrl("public-url", setting("public-url") || localUrl),
    ...(slackWebhookUrl && { slackWebhookUrl: toUrl("slack-webhook-url", slackWebhookUrl) }),
    allowPrivateDestinations: toBoolean(
      "allow-private-destinations",
      setting("allow-private-destinations"),
    ),
    journalBytesMax:
      toInteger("journal-max-mib", setting("journal-max-mib"), 1, 1_000_000) * 1_048_576,
    ...(ingestKeysFile && { ingestKeysFile: resolve(ingestKeysFile) }),
    ...(apiToken && { apiToken }),
    ...(tls && { tls }),
    allowUnauthenticated: toBoolean("allow-unauthenticated", setting("allow-unauthenticated")),
    acceptedWindow: {
      pastMs: toInteger("accept-past-hours", setting("accept-past-hours"), 1, 87_600) * 3_600_000,
      futureMs:
        toInteger("accept-future-minutes", setting("accept-future-minutes"), 0, 525_600) * 60_000,
    },
    hasAnalysis: !toBoolean("without-analysis", setting("without-analysis")),
  });
}

function toTls(setting: (name: OptionName) => string): TlsConfig | undefined {
  const [cert, key, clientCa] = [setting("tls-cert"), setting("tls-key"), setting("tls-client-ca")];
  if (cert === "" && key === "" && clientCa === "") return undefined;
  if (cert === "" || key === "") {
    throw new ConfigError(
      "TLS needs --tls-cert (CULPRIT_TLS_CERT) and --tls-key (CULPRIT_TLS_KEY)",
    );
  }
  return {
    certFile: resolve(cert),
    keyFile: resolve(key),
    ...(clientCa && { clientCaFile: resolve(clientCa) }),
  };
}

/** Absolute path of the data folder, for commands beside `start`. */
export function readDataFolder(
  flag: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const { variable, default: standard } = startOptions.data;
  return resolve(flag?.trim() || environment[variable]?.trim() || standard);
}

function parseFlags(args: readonly string[]): Partial<Record<OptionName, string>> {
  const options = Object.fromEntries(
    Object.entries<StartOption>(startOptions).map(([name, { isFlag }]) => [
      name,
      { type: isFlag ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true });
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
  } catch (error) {
    if (errorCode(error) !== "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL") {
      throw new ConfigError(error instanceof Error ? error.message : String(error));
    }
    // What stands there may be a secret whose option was forgotten, so it is not repeated.
    throw new ConfigError("every value belongs to an option, as in --port 4318; one stands alone");
  }
}

function toBoolean(name: OptionName, text: string): boolean {
  if (text === "true" || text === "false") return text === "true";
  throw new ConfigError(
    `--${name} (${startOptions[name].variable}) must be true or false, not ${JSON.stringify(text)}`,
  );
}

function toInteger(name: OptionName, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new ConfigError(
    `--${name} (${startOptions[name].variable}) must be a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`,
  );
}

/** The URL itself may be a secret, so the message does not repeat it. */
function toUrl(name: OptionName, text: string): string {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol)) return text.replace(/\/$/, "");
  throw new ConfigError(
    `--${name} (${startOptions[name].variable}) must be an http or https URL, e.g. https://example.org/path`,
  );
}

/** How this machine reaches what listens on `host`. */
export function toLocalUrl(host: string, port: number, hasTls = false): string {
  const scheme = hasTls ? "https" : "http";
  if (host === "0.0.0.0" || host === "::") return `${scheme}://localhost:${port}`;
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
