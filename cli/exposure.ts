import type { StartConfig } from "./config.ts";
import { ConfigError } from "./config-error.ts";

const loopback = ["127.0.0.1", "::1", "localhost"];

export function isLoopback(host: string): boolean {
  return loopback.includes(host);
}

/** What other machines are asked for. */
export interface Protection {
  /** Whoever sends spans needs a key. */
  readonly hasIngestKeys: boolean;
  /** Whoever reads needs the token. An ingest key lets nobody read, so one doesn't stand for the other. */
  readonly hasApiToken: boolean;
  /** Only clients with a certificate of our CA are let in, to send and to read. */
  readonly hasClientCa: boolean;
}

/** Throws a ConfigError when other machines could send or read unasked, and nobody said that they may. */
export function checkExposure(
  { host, allowUnauthenticated }: Pick<StartConfig, "host" | "allowUnauthenticated">,
  { hasIngestKeys, hasApiToken, hasClientCa }: Protection,
): void {
  if (isLoopback(host) || allowUnauthenticated || hasClientCa) return;
  const missing = [
    ...(hasIngestKeys ? [] : ["an ingest key for those who send (culprit keys create)"]),
    ...(hasApiToken ? [] : ["a token for those who read (CULPRIT_API_TOKEN)"]),
  ];
  if (missing.length === 0) return;
  throw new ConfigError(
    `--host ${host} lets other machines in, and there is not yet ${missing.join(", nor ")}. Make what is missing, or ` +
      "say --allow-unauthenticated if the network is trusted or a proxy asks",
  );
}
