import { timingSafeEqual } from "node:crypto";
import { CollectorError } from "../collector-error.ts";
import { hashSecret, type IngestKey, toKeyId } from "./ingest-key.ts";
import { type KeyUsage, secondsOfDayLeft, toDay } from "./key-usage.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What a request shows: the headers of HTTP or the metadata of gRPC, both by these names. */
export interface Credentials {
  /** `authorization`: "Bearer KEY" */
  readonly authorization?: string | undefined;
  /** `x-api-key`: KEY. Counts when `authorization` holds no bearer. */
  readonly apiKey?: string | undefined;
}

/** What one request may do. */
export interface Grant {
  /** Spans of other services are rejected; undefined: of none. */
  readonly services: readonly string[] | undefined;
  /** Whether `takeRows` may throw. */
  readonly hasQuota: boolean;
  /** Counts bytes of a decompressed body, as they come. */
  countBytes(bytes: number): void;
  /** Counts rows that are about to be stored. Throws QUOTA_EXCEEDED when the day has no room for all of them. */
  takeRows(rows: number): void;
  /** For rows that were taken and could not be stored. */
  giveBackRows(rows: number): void;
}

/** Throws KEY_MISSING, KEY_UNKNOWN, KEY_EXPIRED, RATE_EXCEEDED or QUOTA_EXCEEDED. Reads nothing but the credentials. */
export type Authorize = (credentials: Credentials) => Grant;

const openGrant: Grant = {
  services: undefined,
  hasQuota: false,
  countBytes() {},
  takeRows() {},
  giveBackRows() {},
};

/** What is charged for a request however short its body. */
const requestBytesMin = 1024;

interface KeyState {
  key: IngestKey;
  readonly digest: Buffer;
  bucket: TokenBucket | undefined;
  readonly usage: KeyUsage;
}

/**
 * The keys in use, and what each has used. Once there was a key, also a revoked one, every request needs a valid one:
 * a list that becomes empty opens nothing.
 */
export class KeyRing {
  readonly #now: () => number;
  readonly #usage: ReadonlyMap<string, KeyUsage>;
  #states = new Map<string, KeyState>();
  #isRequired = false;
  #isChanged = false;

  /** `usage`: of an earlier process, by id of the key. */
  constructor(now: () => number, usage: ReadonlyMap<string, KeyUsage> = new Map()) {
    this.#now = now;
    this.#usage = usage;
  }

  /** Whether requests need a key. */
  get isRequired(): boolean {
    return this.#isRequired;
  }

  /** How many keys are valid now. */
  countValid(): number {
    const nowMs = this.#now();
    return [...this.#states.values()].filter(({ key }) => isValid(key, nowMs)).length;
  }

  /** From now on these are the keys. What those that stay have used stays counted. */
  replace(keys: readonly IngestKey[]): void {
    this.#isRequired ||= keys.length > 0;
    this.#states = new Map(keys.map((key) => [key.id, this.#toState(key)]));
  }

  readonly authorize: Authorize = (credentials) => {
    if (!this.#isRequired) return openGrant;
    const secret = toSecret(credentials);
    if (secret === "") {
      const message = "an ingest key is needed: Authorization: Bearer KEY, or x-api-key: KEY";
      throw new CollectorError("KEY_MISSING", message);
    }
    const state = this.#find(secret);
    if (state === undefined) throw new CollectorError("KEY_UNKNOWN", "the ingest key is unknown");
    return this.#grant(state);
  };

  /** Whether it is a key that we know, valid or not. */
  isKnown(secret: string): boolean {
    return this.#find(secret) !== undefined;
  }

  /** By id, of keys that were used; undefined when nothing changed since the last call. */
  takeChangedUsage(): Record<string, KeyUsage> | undefined {
    if (!this.#isChanged) return undefined;
    this.#isChanged = false;
    const used = [...this.#states].filter(([, { usage }]) => usage.lastUsedAt > 0);
    return Object.fromEntries(used.map(([id, { usage }]) => [id, { ...usage }]));
  }

  #toState(key: IngestKey): KeyState {
    const former = this.#states.get(key.id);
    const isSameRate = former?.key.bytesPerSecond === key.bytesPerSecond;
    const bucket =
      key.bytesPerSecond === undefined
        ? undefined
        : new TokenBucket(key.bytesPerSecond, this.#now());
    return {
      key,
      digest: Buffer.from(key.sha256, "hex"),
      bucket: isSameRate ? (former?.bucket ?? bucket) : bucket,
      usage: former?.usage ?? { lastUsedAt: 0, day: 0, rows: 0, ...this.#usage.get(key.id) },
    };
  }

  /** The id is found by a hash that nobody can aim; what is compared in full is compared in constant time. */
  #find(secret: string): KeyState | undefined {
    const digest = hashSecret(secret);
    const state = this.#states.get(toKeyId(digest.toString("hex")));
    return state !== undefined && timingSafeEqual(state.digest, digest) ? state : undefined;
  }

  #grant(state: KeyState): Grant {
    const nowMs = this.#now();
    const { key, usage } = state;
    if (!isValid(key, nowMs)) {
      const message = `ingest key ${key.id} ${key.revokedAt === undefined ? "has expired" : "was revoked"}`;
      throw new CollectorError("KEY_EXPIRED", message);
    }
    this.#startDay(usage, nowMs);
    usage.lastUsedAt = nowMs;
    this.#isChanged = true;
    const waitSeconds = state.bucket?.waitSeconds(nowMs) ?? 0;
    if (waitSeconds > 0) {
      const message = `ingest key ${key.id} may send ${key.bytesPerSecond} bytes a second`;
      throw new CollectorError("RATE_EXCEEDED", message, undefined, waitSeconds);
    }
    if (usage.rows >= spansMax(key)) throw this.#quotaExceeded(key, nowMs);
    state.bucket?.take(requestBytesMin, nowMs);
    return this.#toGrant(state);
  }

  #toGrant(state: KeyState): Grant {
    const { key, usage } = state;
    let bytesFree = requestBytesMin;
    return {
      services: key.services,
      hasQuota: key.spansPerDay !== undefined,
      countBytes: (bytes) => {
        const free = Math.min(bytesFree, bytes);
        bytesFree -= free;
        state.bucket?.take(bytes - free, this.#now());
      },
      takeRows: (rows) => {
        const nowMs = this.#now();
        this.#startDay(usage, nowMs);
        if (usage.rows + rows > spansMax(key)) throw this.#quotaExceeded(key, nowMs);
        usage.rows += rows;
        this.#isChanged = true;
      },
      giveBackRows: (rows) => {
        usage.rows = Math.max(0, usage.rows - rows);
      },
    };
  }

  #quotaExceeded(key: IngestKey, nowMs: number): CollectorError {
    const message = `ingest key ${key.id} may send ${key.spansPerDay} spans a day`;
    const waitSeconds = secondsOfDayLeft(nowMs);
    return new CollectorError("QUOTA_EXCEEDED", message, undefined, waitSeconds);
  }

  #startDay(usage: KeyUsage, nowMs: number): void {
    const day = toDay(nowMs);
    if (usage.day === day) return;
    usage.day = day;
    usage.rows = 0;
  }
}

/** "" when there is none. The scheme is written as anybody likes, the key is not. */
function toSecret({ authorization = "", apiKey = "" }: Credentials): string {
  return /^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? apiKey.trim();
}

function isValid({ revokedAt, expiresAt = Infinity }: IngestKey, nowMs: number): boolean {
  return revokedAt === undefined && nowMs < expiresAt;
}

function spansMax({ spansPerDay = Infinity }: IngestKey): number {
  return spansPerDay;
}
