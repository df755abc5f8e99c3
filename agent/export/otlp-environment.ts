import { readFileSync } from "node:fs";
import { Agent as HttpAgent } from "node:http";
import type { OtlpTarget } from "./post-otlp.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** As it is named in variables, and in lower case in the path. */
type Signal = "TRACES" | "LOGS";

const defaultEndpoint = "http://localhost:4318";
const defaultTimeoutMs = 10_000;

/**
 * Where to send spans, and how, from `OTEL_EXPORTER_OTLP_*` (OpenTelemetry's specification, "OTLP Exporter
 * Configuration"); the variables for this signal count more. The agent's thread reads them itself: the package that does it
 * for OpenTelemetry's exporters would take as much memory as the rest of the thread.
 */
export function readOtlpEnvironment(
  environment: Environment,
  contentType: string,
  signal: Signal = "TRACES",
): OtlpTarget {
  const read = (name: string) =>
    environment[`OTEL_EXPORTER_OTLP_${signal}_${name}`]?.trim() ||
    environment[`OTEL_EXPORTER_OTLP_${name}`]?.trim() ||
    undefined;
  const headers = {
    ...readHeaders(environment.OTEL_EXPORTER_OTLP_HEADERS),
    ...readHeaders(environment[`OTEL_EXPORTER_OTLP_${signal}_HEADERS`]),
    "Content-Type": contentType,
    "User-Agent": "culprit-agent",
  };
  const timeoutMs = Number(read("TIMEOUT") ?? defaultTimeoutMs);
  return {
    url: readUrl(environment, signal),
    timeoutMillis: timeoutMs > 0 ? timeoutMs : defaultTimeoutMs,
    compression: (read("COMPRESSION") ?? "gzip") === "gzip" ? "gzip" : "none",
    headers: async () => headers,
    agentFactory: (protocol) => {
      if (protocol !== "https:") return new HttpAgent({ keepAlive: true });
      const certificates = {
        ca: readCertificate(read("CERTIFICATE")),
        cert: readCertificate(read("CLIENT_CERTIFICATE")),
        key: readCertificate(read("CLIENT_KEY")),
      };
      // With all of TLS, which most threads never need.
      const { Agent: HttpsAgent } = process.getBuiltinModule("node:https");
      return new HttpsAgent({ keepAlive: true, ...certificates });
    },
  };
}

/** The one for the signal is the whole address; to the other the signal's path is added. */
function readUrl(environment: Environment, signal: Signal): string {
  const own = environment[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`]?.trim();
  if (own) return new URL(own).href;
  const base = environment.OTEL_EXPORTER_OTLP_ENDPOINT?.trim() || defaultEndpoint;
  return new URL(`v1/${signal.toLowerCase()}`, base.endsWith("/") ? base : `${base}/`).href;
}

/** `key=value,key=value`, values percent-encoded. */
function readHeaders(text = ""): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of text.split(",")) {
    const at = pair.indexOf("=");
    if (at > 0) headers[pair.slice(0, at).trim()] = decode(pair.slice(at + 1).trim());
  }
  return headers;
}

/** A stray percent sign means itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function readCertificate(file: string | undefined): Buffer | undefined {
  return file === undefined ? undefined : readFileSync(file);
}
