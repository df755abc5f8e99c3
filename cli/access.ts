import type { RequestHandler } from "express";
import type { KeyRing } from "../collector/auth/key-ring.ts";
import { openIngestKeys } from "../collector/auth/open-ingest-keys.ts";
import { createReadGuard } from "../collector/auth/read-guard.ts";
import { openTlsFiles, type TlsFiles } from "../collector/auth/tls-files.ts";
import type { Counters } from "../collector/counters.ts";
import type { StartConfig } from "./config.ts";
import { checkExposure } from "./exposure.ts";
import { toKeyFiles } from "./keys-command.ts";

/** Who may connect, send and read. */
export interface Access {
  readonly ring: KeyRing;
  readonly tls: TlsFiles | undefined;
  /** Undefined: nobody who reads is asked. */
  readonly readGuard: RequestHandler | undefined;
  /** Looks at once whether keys or certificates have changed. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

interface AccessOptions {
  readonly counters: Counters;
  readonly now: () => number;
  readonly log: (line: string) => void;
}

/** Throws when a file can't be used, and when other machines could send or read unasked. */
export async function openAccess(
  config: StartConfig,
  { counters, now, log }: AccessOptions,
): Promise<Access> {
  const tls =
    config.tls &&
    (await openTlsFiles({ ...config.tls, now, counters, log: (line) => log(`TLS: ${line}`) }));
  const keys = await openIngestKeys({
    ...toKeyFiles(config.dataFolder),
    staticKeyFile: config.ingestKeysFile,
    now,
    counters,
    log: (line) => log(`ingest keys: ${line}`),
  });
  const close = async () => {
    tls?.close();
    await keys.close();
  };
  const { apiToken } = config;
  try {
    checkExposure(config, {
      hasIngestKeys: keys.ring.isRequired,
      hasApiToken: apiToken !== undefined,
      hasClientCa: config.tls?.clientCaFile !== undefined,
    });
  } catch (error) {
    await close();
    throw error;
  }
  const isIngestKey = (secret: string) => keys.ring.isKnown(secret);
  return {
    ring: keys.ring,
    tls,
    readGuard:
      apiToken === undefined
        ? undefined
        : createReadGuard({ token: apiToken, isIngestKey, counters }),
    reload: async () => {
      await Promise.all([keys.check(), tls?.check()]);
    },
    close,
  };
}
