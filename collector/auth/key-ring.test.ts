import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { CollectorError } from "../collector-error.ts";
import { generateIngestKey, type IngestKeyTerms } from "./ingest-key.ts";
import { type Credentials, KeyRing } from "./key-ring.ts";

const noonMs = Date.UTC(2026, 4, 1, 12);
let nowMs: number;
let ring: KeyRing;

beforeEach(() => {
  nowMs = noonMs;
  ring = new KeyRing(() => nowMs);
});

function createKey(terms: Partial<IngestKeyTerms> = {}) {
  return generateIngestKey({ name: "shop", ...terms }, nowMs);
}

/** A ring of one key, and what shows it. */
function hold(terms: Partial<IngestKeyTerms> = {}): Credentials {
  const { secret, key } = createKey(terms);
  ring.replace([key]);
  return { authorization: `Bearer ${secret}` };
}

function refusalOf(run: () => unknown): Pick<CollectorError, "code" | "message"> & {
  retryAfterS?: number | undefined;
} {
  try {
    run();
  } catch (error) {
    if (error instanceof CollectorError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("without keys", () => {
  test("nobody is asked for one", () => {
    expect(ring.isRequired).toBe(false);
    expect(ring.authorize({}).services).toBeUndefined();
  });

  test("a list that becomes empty opens nothing", () => {
    hold();
    ring.replace([]);
    expect(refusalOf(() => ring.authorize({})).code).toBe("KEY_MISSING");
  });

  test("a list of revoked keys alone opens nothing", () => {
    const { key } = createKey();
    ring.replace([{ ...key, revokedAt: nowMs }]);
    expect(refusalOf(() => ring.authorize({})).code).toBe("KEY_MISSING");
    expect(ring.countValid()).toBe(0);
  });
});

describe("a key", () => {
  test.each(["Bearer ", "bearer ", "BEARER   "])("is taken after %j", (scheme) => {
    const { secret, key } = createKey();
    ring.replace([key]);
    expect(ring.authorize({ authorization: `${scheme}${secret}` })).toBeDefined();
  });

  test("is taken as x-api-key, also beside another scheme that a proxy added", () => {
    const { secret, key } = createKey();
    ring.replace([key]);
    expect(ring.authorize({ apiKey: secret })).toBeDefined();
    expect(ring.authorize({ authorization: "Basic eA==", apiKey: secret })).toBeDefined();
  });

  test.each(["", "Bearer", "Bearer ", "Basic eDp5", "Bearer a b"])(
    "is missing in %j",
    (authorization) => {
      hold();
      expect(refusalOf(() => ring.authorize({ authorization })).code).toBe("KEY_MISSING");
    },
  );

  test("is valid beside others, until it is revoked or over its date", () => {
    const [first, second] = [createKey(), createKey({ expiresAt: noonMs + 1000 })];
    ring.replace([first.key, second.key]);
    expect(ring.countValid()).toBe(2);
    ring.authorize({ apiKey: first.secret });
    ring.authorize({ apiKey: second.secret });
    nowMs += 1000;
    expect(refusalOf(() => ring.authorize({ apiKey: second.secret })).code).toBe("KEY_EXPIRED");
    ring.authorize({ apiKey: first.secret });
    ring.replace([{ ...first.key, revokedAt: nowMs }, second.key]);
    expect(refusalOf(() => ring.authorize({ apiKey: first.secret })).code).toBe("KEY_EXPIRED");
  });

  test("is its exact text: any other, of any length and case, is unknown and not repeated", () => {
    const { secret, key } = createKey();
    ring.replace([key]);
    const others = fc.oneof(
      fc.constantFrom(secret.toUpperCase(), secret.slice(0, -1), `${secret}A`, key.sha256, key.id),
      fc.stringMatching(/^[!-~]{1,40}$/),
      fc.constant("k".repeat(10_240)),
    );
    fc.assert(
      fc.property(others, (other) => {
        const refusal = refusalOf(() => ring.authorize({ apiKey: other }));
        expect(refusal.code).toBe("KEY_UNKNOWN");
        expect(refusal.message).toBe("the ingest key is unknown");
      }),
    );
  });

  test("gives its services to those who decode", () => {
    expect(ring.authorize(hold({ services: ["shop", "cart"] })).services).toEqual(["shop", "cart"]);
  });
});

describe("a rate", () => {
  test("lets ten seconds' worth come at once, then says how long to wait", () => {
    const credentials = hold({ bytesPerSecond: 10_000 });
    ring.authorize(credentials).countBytes(120_000);
    const refusal = refusalOf(() => ring.authorize(credentials));
    expect(refusal.code).toBe("RATE_EXCEEDED");
    expect(refusal.retryAfterS).toBe(2);
    nowMs += 2001;
    expect(ring.authorize(credentials)).toBeDefined();
  });

  test("counts short requests, too", () => {
    const credentials = hold({ bytesPerSecond: 1024 });
    for (let i = 0; i < 10; i++) ring.authorize(credentials).countBytes(1);
    expect(refusalOf(() => ring.authorize(credentials)).code).toBe("RATE_EXCEEDED");
  });

  test("is kept over time, whatever comes when, and is not below what was agreed", () => {
    const sends = fc.array(fc.tuple(fc.nat(5000), fc.nat(200_000)), { maxLength: 200 });
    fc.assert(
      fc.property(sends, (steps) => {
        const rate = 10_000;
        const credentials = hold({ bytesPerSecond: rate });
        const startMs = nowMs;
        let taken = 0;
        let largest = 0;
        for (const [waitMs, bytes] of steps) {
          nowMs += waitMs;
          const allowance = rate * 10 + ((nowMs - startMs) / 1000) * rate;
          try {
            ring.authorize(credentials).countBytes(bytes);
            taken += Math.max(bytes, 1024);
            largest = Math.max(largest, bytes, 1024);
          } catch {
            // Refused: then more was taken than the last ten seconds give.
            expect(taken).toBeGreaterThanOrEqual(rate * 10);
          }
          expect(taken).toBeLessThanOrEqual(allowance + largest);
        }
      }),
    );
  });

  test("is no other key's, and stays counted when the list is read anew", () => {
    const [slow, fast] = [createKey({ bytesPerSecond: 100 }), createKey({ bytesPerSecond: 100 })];
    ring.replace([slow.key, fast.key]);
    ring.authorize({ apiKey: slow.secret }).countBytes(5000);
    ring.replace([fast.key, slow.key]);
    expect(refusalOf(() => ring.authorize({ apiKey: slow.secret })).code).toBe("RATE_EXCEEDED");
    expect(ring.authorize({ apiKey: fast.secret })).toBeDefined();
  });

  test("a clock that is set back gives nothing", () => {
    const credentials = hold({ bytesPerSecond: 1000 });
    ring.authorize(credentials).countBytes(11_000);
    nowMs -= 3_600_000;
    expect(refusalOf(() => ring.authorize(credentials)).retryAfterS).toBe(1);
  });
});

describe("a day's spans", () => {
  test("are never more than agreed: what does not fit is refused whole, until midnight UTC", () => {
    const credentials = hold({ spansPerDay: 100 });
    ring.authorize(credentials).takeRows(60);
    const second = ring.authorize(credentials);
    const refusal = refusalOf(() => second.takeRows(41));
    expect(refusal.code).toBe("QUOTA_EXCEEDED");
    expect(refusal.retryAfterS).toBe(12 * 3600);
    second.takeRows(40);
    expect(refusalOf(() => ring.authorize(credentials)).code).toBe("QUOTA_EXCEEDED");
    nowMs = Date.UTC(2026, 4, 2);
    ring.authorize(credentials).takeRows(100);
  });

  test("that could not be stored are given back", () => {
    const credentials = hold({ spansPerDay: 100 });
    const grant = ring.authorize(credentials);
    grant.takeRows(100);
    grant.giveBackRows(100);
    grant.takeRows(100);
  });

  test("are remembered from one process to the next", () => {
    const { secret, key } = createKey({ spansPerDay: 100 });
    ring.replace([key]);
    ring.authorize({ apiKey: secret }).takeRows(90);
    const saved = ring.takeChangedUsage()!;
    expect(saved).toEqual({ [key.id]: { lastUsedAt: noonMs, day: expect.any(Number), rows: 90 } });
    expect(ring.takeChangedUsage()).toBeUndefined();

    const next = new KeyRing(() => nowMs, new Map(Object.entries(saved)));
    next.replace([key]);
    const grant = next.authorize({ apiKey: secret });
    expect(refusalOf(() => grant.takeRows(11)).code).toBe("QUOTA_EXCEEDED");
  });
});
