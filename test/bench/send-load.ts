import { Agent, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { GzippedBody } from "./corpus/corpus.ts";

export interface LoadOptions {
  readonly url: string;
  readonly bodies: Iterable<GzippedBody>;
  /** Exporters: each sends one batch at a time, as SDKs do. */
  readonly connections: number;
  /** Sends no faster than this; without it as fast as answers come. */
  readonly spansPerSecond?: number;
  /** Stops then, though bodies are left. */
  readonly stopAfterMs?: number;
}

export interface LoadResult {
  readonly spans: number;
  readonly seconds: number;
  /** Answers other than 200. */
  readonly refused: number;
  /** From the last byte of each request to its answer, milliseconds, sorted. */
  readonly latenciesMs: readonly number[];
}

/** Sends each body once. */
export async function sendLoad(options: LoadOptions): Promise<LoadResult> {
  const { url, bodies, connections, spansPerSecond = Number.POSITIVE_INFINITY } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const startedAt = performance.now();
  const stopAt = startedAt + (options.stopAfterMs ?? Number.POSITIVE_INFINITY);
  const latenciesMs: number[] = [];
  // Shared by all exporters: each takes the next one.
  const source = bodies[Symbol.iterator]();
  let spans = 0;
  let refused = 0;
  const exporter = async () => {
    while (performance.now() < stopAt) {
      const { value: body, done } = source.next();
      if (done) return;
      const dueAt = startedAt + (spans / spansPerSecond) * 1000;
      spans += body.spans;
      if (dueAt > performance.now()) await delay(dueAt - performance.now());
      const { status, latencyMs } = await post(agent, `${url}/v1/traces`, body.bytes);
      latenciesMs.push(latencyMs);
      if (status !== 200) refused++;
    }
  };
  await Promise.all(Array.from({ length: connections }, exporter));
  agent.destroy();
  const seconds = (performance.now() - startedAt) / 1000;
  return { spans, seconds, refused, latenciesMs: latenciesMs.sort((a, b) => a - b) };
}

function post(
  agent: Agent,
  url: string,
  body: Buffer,
): Promise<{ status: number; latencyMs: number }> {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/x-protobuf",
      "content-encoding": "gzip",
      "content-length": body.length,
    };
    let sentAt = 0;
    const sent = request(url, { method: "POST", agent, headers }, (response) => {
      const latencyMs = performance.now() - sentAt;
      response.resume();
      response.once("end", () => resolve({ status: response.statusCode ?? 0, latencyMs }));
      response.once("error", reject);
    });
    sent.once("error", reject);
    sent.once("finish", () => {
      sentAt = performance.now();
    });
    sent.end(body);
  });
}

/** Of sorted numbers. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
