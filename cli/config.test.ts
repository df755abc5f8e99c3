import { resolve } from "node:path";
import { expect, test } from "vitest";
import { defaultRetention } from "../storage/retention.ts";
import { readStartConfig, startOptions } from "./config.ts";
import { ConfigError } from "./config-error.ts";

const secret = "https://hooks.slack.com/services/T000/B000/s3cret";

test("without flags and environment it is safe: loopback, no alerts", () => {
  const config = readStartConfig([], {});
  expect(config).toEqual({
    role: "all",
    hasAnalysis: true,
    host: "127.0.0.1",
    port: 4318,
    grpcPort: 4317,
    dataFolder: resolve("data"),
    retention: defaultRetention,
    publicUrl: "http://127.0.0.1:4318",
    allowPrivateDestinations: false,
    journalBytesMax: 1024 * 1_048_576,
    allowUnauthenticated: false,
    acceptedWindow: { pastMs: 259_200_000, futureMs: 600_000 },
  });
  expect(Object.isFrozen(config)).toBe(true);
});

test("a flag is stronger than the environment, and that than the default; empty is unset", () => {
  const environment = { CULPRIT_PORT: "5000", CULPRIT_RETENTION_DAYS: "7", CULPRIT_DATA: "" };
  const config = readStartConfig(["--port", "6000", "--data="], environment);
  expect(config).toMatchObject({
    port: 6000,
    retention: { traces: { days: 7 } },
    dataFolder: resolve("data"),
  });
});

test.each<[string[], NodeJS.ProcessEnv, object]>([
  [["--port", "0"], {}, { port: 0 }],
  [["--host", "::1"], {}, { host: "::1", publicUrl: "http://[::1]:4318" }],
  [["--data", "/var/lib/culprit"], {}, { dataFolder: "/var/lib/culprit" }],
  [["--public-url", "https://culprit.example/"], {}, { publicUrl: "https://culprit.example" }],
  [["--host", "0.0.0.0", "--allow-unauthenticated"], {}, { host: "0.0.0.0" }],
  [[], { CULPRIT_HOST: "0.0.0.0", CULPRIT_ALLOW_UNAUTHENTICATED: "true" }, { host: "0.0.0.0" }],
  [["--allow-private-destinations"], {}, { allowPrivateDestinations: true }],
  [[], { CULPRIT_ALLOW_PRIVATE_DESTINATIONS: "true" }, { allowPrivateDestinations: true }],
  [[], { CULPRIT_SLACK_WEBHOOK_URL: `${secret}\n` }, { slackWebhookUrl: secret }],
  [["--grpc-port", "off"], {}, { grpcPort: "off" }],
  [[], { CULPRIT_GRPC_PORT: "14317" }, { grpcPort: 14_317 }],
  [
    ["--accept-past-hours", "1", "--accept-future-minutes", "0"],
    {},
    { acceptedWindow: { pastMs: 3_600_000, futureMs: 0 } },
  ],
  [[], { CULPRIT_API_TOKEN: "0123456789abcdef" }, { apiToken: "0123456789abcdef" }],
  [["--ingest-keys-file", "/etc/k.json"], {}, { ingestKeysFile: "/etc/k.json" }],
  [
    ["--tls-cert", "/c.pem", "--tls-key", "/k.pem"],
    {},
    { publicUrl: "https://127.0.0.1:4318", tls: { certFile: "/c.pem", keyFile: "/k.pem" } },
  ],
  [
    ["--tls-cert", "/c.pem", "--tls-key", "/k.pem"],
    { CULPRIT_TLS_CLIENT_CA: "/ca.pem" },
    { tls: { clientCaFile: "/ca.pem" } },
  ],
  [["--journal-max-mib", "1"], {}, { journalBytesMax: 1_048_576 }],
  [["--logs-retention-gib", "2"], {}, { retention: { logs: { days: 14, bytesMax: 2 * 2 ** 30 } } }],
  [["--clickhouse-port", "0"], {}, { clickhousePort: 0 }],
  [
    ["--clickhouse-url", "http://a:8123, https://b:8443/", "--clickhouse-cluster", "{cluster}"],
    { CULPRIT_CLICKHOUSE_PASSWORD: "s3cret" },
    {
      cluster: {
        urls: ["http://a:8123", "https://b:8443"],
        username: "default",
        password: "s3cret",
        database: "default",
        cluster: "{cluster}",
      },
    },
  ],
  [
    ["--role", "analyzer", "--analyzer-share", "1/3", "--clickhouse-url", "http://a:1"],
    {},
    { role: "analyzer", analyzerShare: { worker: 1, workers: 3 } },
  ],
])("%j with %j is read", (args, environment, expected) => {
  expect(readStartConfig(args, environment)).toMatchObject(expected);
});

test.each<[string[], NodeJS.ProcessEnv, string]>([
  [["--port", "65536"], {}, "--port (CULPRIT_PORT) must be a whole number from 0 to 65535"],
  [["--port", "-1"], {}, "--port"],
  [["--grpc-port", "none"], {}, "--grpc-port (CULPRIT_GRPC_PORT)"],
  [["--accept-past-hours", "0"], {}, "from 1 to 87600"],
  [["--role", "alerts"], {}, "all, collector, analyzer, api"],
  [["--role", "analyzer"], {}, "needs --clickhouse-url"],
  [["--analyzer-share", "2/2"], {}, "--analyzer-share (CULPRIT_ANALYZER_SHARE) must be"],
  [[], { CULPRIT_ANALYZER_SHARE: "1" }, "as in 0/3"],
  [["--analyzer-share", "0/2"], {}, "needs --role analyzer"],
  [["--port", "0x10"], {}, "must be a whole number"],
  [["--port", "1e3"], {}, "must be a whole number"],
  [[], { CULPRIT_PORT: "http" }, 'not "http"'],
  [["--retention-days", "0"], {}, "from 1 to 3650"],
  [["--retention-days", "1.5"], {}, "--retention-days"],
  [["--journal-max-mib", "NaN"], {}, "--journal-max-mib"],
  [["--public-url", "culprit.example"], {}, "--public-url"],
  [["--public-url", "javascript:alert(1)"], {}, "must be an http or https URL"],
  [[], { CULPRIT_ALLOW_UNAUTHENTICATED: "yes" }, "--allow-unauthenticated"],
  [["--tls-cert", "c.pem"], {}, "TLS needs"],
  [["--tls-key", "k.pem"], {}, "TLS needs"],
  [["--tls-client-ca", "ca.pem"], {}, "TLS needs"],
  [["--api-token", "0123456789abcde"], {}, "must have 16 characters or more"],
  [[], { CULPRIT_ALLOW_PRIVATE_DESTINATIONS: "yes" }, "must be true or false"],
  [["--clickhouse-url", "clickhouse:8123"], {}, "--clickhouse-url"],
  [["--clickhouse-url", "http://a:1", "--clickhouse-port", "1"], {}, "--clickhouse-port"],
  [["--clickhouse-url", "http://a:1", "--clickhouse-cluster", "a' b"], {}, "--clickhouse-cluster"],
  [["--clickhouse-url", "http://a:1", "--clickhouse-database", "a;"], {}, "--clickhouse-database"],
  [["--clickhouse-url", "http://a:1", "--clickhouse-password-file", "/none"], {}, "password-file"],
  [["--prot", "1"], {}, "--prot"],
  [["--port"], {}, "--port"],
])("%j with %j is refused by name", (args, environment, message) => {
  expect(() => readStartConfig(args, environment)).toThrow(ConfigError);
  expect(() => readStartConfig(args, environment)).toThrow(message);
});

test.each([
  ["--slack-webhook-url", "s3cret"],
  ["--api-token", "s3cret"],
  ["--slack-webhook-url", secret.replace("https", "ftp")],
  [secret],
  ["--clickhouse-url", "http://user:s3cret@a:8123"],
])("a secret is not repeated in the error about it: %j", (...args) => {
  expect(() => readStartConfig(args, {})).toThrow(ConfigError);
  expect(() => readStartConfig(args, {})).not.toThrow(/s3cret/);
});

test("a secret of the environment that is no URL is not repeated", () => {
  const environment = { CULPRIT_SLACK_WEBHOOK_URL: "s3cret" };
  expect(() => readStartConfig([], environment)).toThrow("CULPRIT_SLACK_WEBHOOK_URL");
  expect(() => readStartConfig([], environment)).not.toThrow(/s3cret/);
});

test("every option's variable is its flag's name", () => {
  for (const [name, { variable }] of Object.entries(startOptions)) {
    expect(variable).toBe(`CULPRIT_${name.toUpperCase().replaceAll("-", "_")}`);
  }
});
