import { setTimeout as delay } from "node:timers/promises";
import { arrivalTimes } from "./arrival-times.ts";
import type { Traffic } from "./faults.ts";

export interface LoadTarget extends Traffic {
  /** Where the service listens: "http://127.0.0.1:1234". */
  readonly baseUrl: string;
}

export interface LoadOptions {
  readonly targets: readonly LoadTarget[];
  readonly durationMs: number;
  /** When the requests of a target arrive, given its rate and the duration; by default one in each slot. */
  readonly arrivals?: typeof arrivalTimes;
  /** Ends the load early; the report covers what was sent. */
  readonly signal?: AbortSignal;
}

/** What became of one target's requests. Latency counts from the arrival that was planned, answers with 2xx only. */
export interface LoadReport {
  readonly target: LoadTarget;
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  /** Not sent, because `inFlightMax` requests were under way. */
  readonly skipped: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
}

export const inFlightMax = 256;
const requestMs = 30_000;

/** Sends each target its rate, whether or not it answers (an open loop), then waits for the last answers. */
export async function runLoad({
  targets,
  durationMs,
  arrivals = arrivalTimes,
  signal,
}: LoadOptions): Promise<LoadReport[]> {
  const tallies = targets.map((target) => new Tally(target));
  const planned = tallies
    .flatMap((tally) =>
      arrivals(tally.target.perSecond, durationMs).map((atMs) => ({ tally, atMs })),
    )
    .sort((a, b) => a.atMs - b.atMs);

  const startedAt = performance.now();
  const inFlight = new Set<Promise<void>>();
  for (const { tally, atMs } of planned) {
    const plannedAt = startedAt + atMs;
    await waitUntil(plannedAt, signal);
    if (signal?.aborted) break;
    if (inFlight.size >= inFlightMax) {
      tally.skipped += 1;
      continue;
    }
    const request = tally.send(plannedAt).finally(() => inFlight.delete(request));
    inFlight.add(request);
  }
  await Promise.all(inFlight);
  return tallies.map((tally) => tally.report());
}

async function waitUntil(time: number, signal: AbortSignal | undefined): Promise<void> {
  const leftMs = time - performance.now();
  if (leftMs < 1) return;
  try {
    await delay(leftMs, undefined, { signal });
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}

/** The requests of one target, counted. */
class Tally {
  readonly target: LoadTarget;
  skipped = 0;
  private sent = 0;
  private failed = 0;
  private readonly latenciesMs: number[] = [];

  constructor(target: LoadTarget) {
    this.target = target;
  }

  async send(plannedAt: number): Promise<void> {
    const { baseUrl, method, path } = this.target;
    const url = baseUrl + path(this.sent);
    // A timer may be a little early; a latency is never below zero for it.
    const sentAt = Math.min(plannedAt, performance.now());
    this.sent += 1;
    try {
      const response = await fetch(url, { method, signal: AbortSignal.timeout(requestMs) });
      await response.arrayBuffer();
      if (response.ok) this.latenciesMs.push(performance.now() - sentAt);
      else this.failed += 1;
    } catch {
      this.failed += 1;
    }
  }

  report(): LoadReport {
    const sorted = this.latenciesMs.toSorted((a, b) => a - b);
    const quantile = (q: number) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
    return {
      target: this.target,
      sent: this.sent,
      ok: sorted.length,
      failed: this.failed,
      skipped: this.skipped,
      p50Ms: quantile(0.5),
      p95Ms: quantile(0.95),
      maxMs: quantile(1),
    };
  }
}
