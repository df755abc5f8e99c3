import { readFileSync } from "node:fs";
import type { Retention } from "../storage/retention.ts";
import { ConfigError } from "./config-error.ts";

export interface ClusterConfig {
  readonly urls: readonly string[];
  readonly username: string;
  readonly password: string;
  readonly database: string;
  /** "": one server that belongs to no cluster. */
  readonly cluster: string;
}

export interface StoreConfig {
  readonly retention: Retention;
  readonly cluster?: ClusterConfig;
  readonly clickhousePort?: number;
}

/** The options of `culprit start` that are about what is stored, and where. */
export const storeOptions = {
  "retention-days": {
    variable: "CULPRIT_RETENTION_DAYS",
    default: "14",
    help: "days that spans are kept",
  },
  "retention-gib": {
    variable: "CULPRIT_RETENTION_GIB",
    default: "0",
    help: "size that spans are kept up to, oldest day dropped first; 0: no limit",
  },
  "logs-retention-days": {
    variable: "CULPRIT_LOGS_RETENTION_DAYS",
    default: "14",
    help: "days that logs are kept",
  },
  "logs-retention-gib": {
    variable: "CULPRIT_LOGS_RETENTION_GIB",
    default: "0",
    help: "size that logs are kept up to; 0: no limit",
  },
  "metrics-retention-days": {
    variable: "CULPRIT_METRICS_RETENTION_DAYS",
    default: "14",
    help: "days that metrics are kept",
  },
  "metrics-retention-gib": {
    variable: "CULPRIT_METRICS_RETENTION_GIB",
    default: "0",
    help: "size that metrics are kept up to; 0: no limit",
  },
  "clickhouse-port": {
    variable: "CULPRIT_CLICKHOUSE_PORT",
    default: "",
    help: "port on which SQL clients may read, by ClickHouse's HTTP protocol (default: none)",
  },
  "clickhouse-url": {
    variable: "CULPRIT_CLICKHOUSE_URL",
    default: "",
    help: "ClickHouse servers to use instead of the one inside; several with commas",
  },
  "clickhouse-user": {
    variable: "CULPRIT_CLICKHOUSE_USER",
    default: "default",
    help: "user of these servers",
  },
  "clickhouse-password": {
    variable: "CULPRIT_CLICKHOUSE_PASSWORD",
    default: "",
    help: "its password; a secret, so prefer the variable or the file",
  },
  "clickhouse-password-file": {
    variable: "CULPRIT_CLICKHOUSE_PASSWORD_FILE",
    default: "",
    help: "file with the password",
  },
  "clickhouse-database": {
    variable: "CULPRIT_CLICKHOUSE_DATABASE",
    default: "default",
    help: "database of these servers; it must exist",
  },
  "clickhouse-cluster": {
    variable: "CULPRIT_CLICKHOUSE_CLUSTER",
    default: "",
    help: "cluster that tables are made on, or the macro {cluster} (default: a single server)",
  },
} as const;

type StoreOptionName = keyof typeof storeOptions;

const gibibyte = 1_073_741_824;

/** `setting` gives an option's text, `toInteger` checks a number. Throws a ConfigError that names the option. */
export function readStoreConfig(
  setting: (name: StoreOptionName) => string,
  toInteger: (name: StoreOptionName, text: string, min: number, max: number) => number,
): StoreConfig {
  const integer = (name: StoreOptionName, min: number, max: number) =>
    toInteger(name, setting(name), min, max);
  const port = setting("clickhouse-port");
  const urls = setting("clickhouse-url");
  if (port !== "" && urls !== "")
    throw new ConfigError(
      "--clickhouse-port reads the ClickHouse inside; ask your own servers directly",
    );
  return {
    retention: {
      traces: {
        days: integer("retention-days", 1, 3650),
        bytesMax: integer("retention-gib", 0, 1_000_000) * gibibyte,
      },
      logs: {
        days: integer("logs-retention-days", 1, 3650),
        bytesMax: integer("logs-retention-gib", 0, 1_000_000) * gibibyte,
      },
      metrics: {
        days: integer("metrics-retention-days", 1, 3650),
        bytesMax: integer("metrics-retention-gib", 0, 1_000_000) * gibibyte,
      },
    },
    ...(port !== "" && { clickhousePort: integer("clickhouse-port", 0, 65_535) }),
    ...(urls !== "" && { cluster: readClusterConfig(urls.split(","), setting) }),
  };
}

function readClusterConfig(
  urls: readonly string[],
  setting: (name: StoreOptionName) => string,
): ClusterConfig {
  const cluster = setting("clickhouse-cluster");
  if (!/^(\{\w+\}|[\w-]*)$/.test(cluster))
    throw new ConfigError("--clickhouse-cluster is a name, or a macro as {cluster}");
  const database = setting("clickhouse-database");
  if (!/^\w+$/.test(database))
    throw new ConfigError("--clickhouse-database has letters, digits and underscores");
  return {
    urls: urls.map(toServerUrl),
    username: setting("clickhouse-user"),
    password: readPassword(setting),
    database,
    cluster,
  };
}

/** A password in an URL ends in logs, so it is not taken from there. */
function toServerUrl(text: string): string {
  const url = URL.parse(text.trim());
  if (url && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "")
    return url.origin;
  throw new ConfigError(
    "--clickhouse-url is http://HOST:PORT or https://HOST:PORT, several with commas; user and password have options",
  );
}

function readPassword(setting: (name: StoreOptionName) => string): string {
  const file = setting("clickhouse-password-file");
  if (file === "") return setting("clickhouse-password");
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new ConfigError(`--clickhouse-password-file can't be read: ${error}`);
  }
}
