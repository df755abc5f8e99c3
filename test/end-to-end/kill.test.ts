import { randomBytes, randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bySignal, rowNames, type Signal, signals } from "../../collector/signal.ts";
import { openEmbeddedStore } from "../../storage/embedded/open-embedded-store.ts";
import { type StoredCountsRow, storedCountsQuery } from "../../storage/queries/stored-counts.ts";
import { type CulpritProcess, startCulpritProcess } from "../support/culprit-process.ts";
import { createSpans, toOtlpJson } from "../support/otlp-body.ts";
import { until } from "../support/until.ts";

/**
 * An exporter that sends batch after batch, and keeps what was not acknowledged to send it again: just what a retry of
 * an OpenTelemetry SDK does.
 */
class Exporter {
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

const rounds = 10;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-kill-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("kill -9 of the main process loses no acknowledged row and doubles none", () =>
  killUnderLoad(({ process: main }) => kill(main.pid)));

test("kill -9 of the database process loses no acknowledged row and doubles none", () =>
  killUnderLoad((culprit) => kill(culprit.databasePid()), { restart: false }));

test("kill -9 of both loses no acknowledged row and doubles none", () =>
  killUnderLoad((culprit) => {
    const databasePid = culprit.databasePid();
    kill(culprit.process.pid);
    kill(databasePid);
  }));

async function killUnderLoad(
  strike: (culprit: CulpritProcess) => void,
  { restart = true } = {},
): Promise<void> {
  const exporter = new Exporter();
  let culprit = await startCulpritProcess(folder);
  for (let round = 0; round < rounds; round++) {
    const before = acknowledgedRows(exporter);
    const sending = exporter.run(culprit.url);
    await until(() => acknowledgedRows(exporter) > before);
    await delay(randomInt(0, 1500));
    strike(culprit);
    await delay(randomInt(0, 50));
    exporter.stop();
    await sending;
    if (restart) {
      await culprit.process.ended;
      culprit = await startCulpritProcess(folder);
    } else {
      await until(async () => (await fetch(`${culprit.url}/readyz`)).status === 200);
    }
    await until(() => isInserted(culprit));
    await expectStored(exporter, await readCounts(culprit));
  }
  await exporter.sendRest(culprit.url);
  await until(() => isInserted(culprit));
  expect(await culprit.process.stop(20_000)).toBe(0);
  await expectEveryRowOnce(exporter);
}

function acknowledgedRows({ acknowledged }: Exporter): number {
  return signals.reduce((sum, signal) => sum + acknowledged[signal].size, 0);
}

async function isInserted(culprit: CulpritProcess): Promise<boolean> {
  const rows = Object.values(rowNames).map((name) => culprit.metric(`culprit_journal_${name}`));
  return (await Promise.all(rows)).every((waiting) => waiting === 0);
}

/** What is stored may hold more than what was acknowledged: a kill between the fsync and the answer. Never less. */
async function expectStored(exporter: Exporter, { spansStored }: { spansStored: number }) {
  expect(spansStored).toBeGreaterThanOrEqual(exporter.acknowledged.traces.size);
}

async function readCounts(culprit: CulpritProcess): Promise<{ spansStored: number }> {
  const response = await fetch(`${culprit.url}/api/v1/findings`);
  const { coverage } = (await response.json()) as { coverage: { spansStored: number } };
  return coverage;
}

async function expectEveryRowOnce({ acknowledged }: Exporter): Promise<void> {
  const store = await openEmbeddedStore({ folder: join(folder, "clickhouse") });
  try {
    for (const signal of signals) {
      const query = { name: "all-ids", sql: idsQuery[signal] };
      const { id } = await store.selectColumns<{ id: string[] }>(query, {});
      const stored = new Set(id);
      const lost = [...acknowledged[signal]].filter((one) => !stored.has(one));
      expect(acknowledged[signal].size).toBeGreaterThan(0);
      expect(id.length, `none of ${signal} twice`).toBe(stored.size);
      expect(lost, `none of ${signal} lost`).toEqual([]);
    }
    const [counts] = await store.select<StoredCountsRow>(storedCountsQuery, {});
    expect(counts).toMatchObject({ opsSpans: counts?.spans, traceSpans: counts?.spans });
  } finally {
    await store.close();
  }
}

function kill(pid: number): void {
  process.kill(pid, "SIGKILL");
}
