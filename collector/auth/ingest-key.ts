import { createHash, randomBytes } from "node:crypto";

/** What is kept of a key: its hash and what it may do. The key itself is with those who send. */
export interface IngestKey {
  /** The first 12 hex digits of its hash: what lists, commands and logs call it. */
  readonly id: string;
  readonly name: string;
  /** Hex. One round is enough: a key is 256 random bits, and no list of words leads to it. */
  readonly sha256: string;
  /** Milliseconds since 1970, as all times here. */
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
  /** Names of the services whose spans it may send; any when absent. */
  readonly services?: readonly string[];
  /** Bytes of decompressed bodies; no limit when absent. */
  readonly bytesPerSecond?: number;
  /** Spans of a day in UTC (a log record or a data point counts as one); no limit when absent. */
  readonly spansPerDay?: number;
}

/** What the owner of a key decides. */
export type IngestKeyTerms = Omit<IngestKey, "id" | "sha256" | "createdAt" | "revokedAt">;

/** Tells people, and programs that look for leaked secrets, what they found. */
const keyPrefix = "culprit_ingest_";

/** A new key, and what is to be kept of it. `secret` can't be had again. */
export function generateIngestKey(
  terms: IngestKeyTerms,
  nowMs: number,
): { readonly secret: string; readonly key: IngestKey } {
  const secret = keyPrefix + randomBytes(32).toString("base64url");
  const sha256 = hashSecret(secret).toString("hex");
  return { secret, key: { id: toKeyId(sha256), ...terms, sha256, createdAt: nowMs } };
}

export function hashSecret(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

export function toKeyId(sha256: string): string {
  return sha256.slice(0, 12);
}
