import { randomBytes, randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import { bySignal, rowNames, type Signal, signals } from "../../collector/signal.ts";
import { textsOf } from "../../storage/native-columns.ts";
import { type StoredCountsRow, storedCountsQuery } from "../../storage/queries/stored-counts.ts";
import type { Store } from "../../storage/store.ts";
import type { CulpritProcess } from "./culprit-process.ts";
import { createSpans, toOtlpJson } from "./otlp-body.ts";

/**
 * An exporter that sends batch after batch, and keeps what was not acknowledged to send it again: just what a retry of
 * an OpenTelemetry SDK does.
 */
export class Exporter {
  readonly acknowledged = bySignal(() => new Set<string>());
  readonly #pending: Batch[] = [];
  #created = 0;
  #isStopped = false;

  /** Sends until it is stopped. */
  async run(url: string): Promise<void> {
    this.#isStopped = false;
    while (!this.#isStopped) {
      if (this.#pending.length === 0) this.#createBatch();
      await this.#sendFirst(url);
    }
  }

  /** Sends again what was not acknowledged, until it is. */
  async sendRest(url: string): Promise<void> {
    while (this.#pending.length > 0) await this.#sendFirst(url);
  }

  async #sendFirst(url: string): Promise<void> {
    const { signal, body, ids } = this.#pending[0]!;
    const response = await fetch(`${url}/v1/${signal}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    }).catch(() => undefined);
    await response?.arrayBuffer().catch(() => undefined);
    if (response?.status !== 200) return delay(20);
    for (const id of ids) this.acknowledged[signal].add(id);
    this.#pending.shift();
  }

  stop(): void {
    this.#isStopped = true;
  }

  acknowledgedRows(): number {
    return signals.reduce((sum, signal) => sum + this.acknowledged[signal].size, 0);
  }

  #createBatch(): void {
    const signal = signals[this.#created++ % signals.length]!;
    const ids = Array.from({ length: randomInt(1, 500) }, () => randomBytes(8).toString("hex"));
    this.#pending.push({ signal, ids, body: createBody[signal](ids) });
  }
}

/** What is sent at once; each row carries its id. */
interface Batch {
  readonly signal: Signal;
  readonly body: string;
  readonly ids: readonly string[];
}

const createBody: Readonly<Record<Signal, (ids: readonly string[]) => string>> = {
  traces: (ids) =>
    toOtlpJson(createSpans(ids.length).map((span, i) => ({ ...span, spanId: ids[i]! }))),
  metrics: (ids) => {
    const timeUnixNano = `${Date.now()}000000`;
    const dataPoints = ids.map((id) => ({ timeUnixNano, asInt: toInt64(id) }));
    const metrics = [{ name: "load", gauge: { dataPoints } }];
    return JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
  },
  logs: (ids) => {
    const logRecords = ids.map((spanId) => ({ timeUnixNano: `${Date.now()}000000`, spanId }));
    return JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
  },
};

function toInt64(id: string): string {
  return String(BigInt.asIntN(64, BigInt(`0x${id}`)));
}

/** The ids of all stored rows, with those of rows that are there twice. */
const idsQuery: Readonly<Record<Signal, string>> = {
  traces: "SELECT lower(hex(span_id)) AS id FROM spans ORDER BY id LIMIT 5000000",
  metrics:
    "SELECT leftPad(lower(hex(reinterpretAsUInt64(value_int))), 16, '0') AS id FROM metric_points ORDER BY id LIMIT 5000000",
  logs: "SELECT lower(hex(span_id)) AS id FROM logs ORDER BY id LIMIT 5000000",
};

/** Nothing waits in a journal. */
export async function isInserted(culprit: CulpritProcess): Promise<boolean> {
  const rows = Object.values(rowNames).map((name) => culprit.metric(`culprit_journal_${name}`));
  return (await Promise.all(rows)).every((waiting) => waiting === 0);
}

/** What was acknowledged is stored, nothing is stored twice, and rollups agree with spans. */
export async function expectEveryRowOnce({ acknowledged }: Exporter, store: Store): Promise<void> {
  for (const signal of signals) {
    const query = { name: "all-ids", sql: idsQuery[signal] };
    const columns = await store.selectNative(query, {});
    const stored = new Set(textsOf(columns, "id").values);
    const lost = [...acknowledged[signal]].filter((one) => !stored.has(one));
    expect(acknowledged[signal].size).toBeGreaterThan(0);
    expect(columns.rows, `none of ${signal} twice`).toBe(stored.size);
    expect(lost, `none of ${signal} lost`).toEqual([]);
  }
  const [counts] = await store.select<StoredCountsRow>(storedCountsQuery, {});
  expect(counts).toMatchObject({ opsSpans: counts?.spans, traceSpans: counts?.spans });
}
