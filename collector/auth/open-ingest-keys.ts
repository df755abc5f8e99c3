import type { Counters } from "../counters.ts";
import { watchFiles } from "../watched-files.ts";
import { KeyFileError, parseKeyFile } from "./key-file.ts";
import { KeyRing } from "./key-ring.ts";
import { readKeyUsage, writeKeyUsage } from "./key-usage.ts";

export interface IngestKeysOptions {
  /** What `culprit keys` writes; may be absent. */
  readonly keyFile: string;
  /** Keys that are handed to us, such as a mounted Secret; must be there. */
  readonly staticKeyFile?: string | undefined;
  /** What the keys have used; written by us. */
  readonly usageFile: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: (message: string) => void;
  /** `key_file_errors` */
  readonly counters: Counters;
}

export interface IngestKeys {
  readonly ring: KeyRing;
  /** Looks whether the files have changed; it does so by itself every two seconds. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** A process that is killed forgets what its keys used since. */
const saveIntervalMs = 10_000;

/**
 * The keys of both files, and of each later version of them. Throws when they can't be used now; a later version that can't
 * be used is logged and counted, and the former keys stay.
 */
export async function openIngestKeys(options: IngestKeysOptions): Promise<IngestKeys> {
  const { keyFile, staticKeyFile, usageFile, now, log, counters } = options;
  const ring = new KeyRing(now, await readKeyUsage(usageFile));
  const paths = staticKeyFile === undefined ? [keyFile] : [keyFile, staticKeyFile];
  const seen = new Set(staticKeyFile === undefined ? [] : [staticKeyFile]);
  const take = (texts: readonly (string | undefined)[]) => {
    const keys = texts.flatMap((text, i) => {
      const path = paths[i]!;
      if (text === undefined && seen.has(path)) throw new KeyFileError(`${path} is not there`);
      if (text === undefined) return [];
      seen.add(path);
      return parseKeyFile(text, path);
    });
    ring.replace(keys);
  };
  const onError = (error: unknown) => {
    counters.add("key_file_errors");
    log(`the former keys stay in use: ${error instanceof Error ? error.message : error}`);
  };
  const files = await watchFiles(paths, { take, onError });
  const save = async () => {
    const usage = ring.takeChangedUsage();
    if (usage === undefined) return;
    await writeKeyUsage(usageFile, usage).catch((error: unknown) => {
      counters.add("key_file_errors");
      log(`what the keys used can't be saved: ${error}`);
    });
  };
  const saving = setInterval(save, saveIntervalMs).unref();
  return {
    ring,
    check: files.check,
    close: async () => {
      files.close();
      clearInterval(saving);
      await save();
    },
  };
}
