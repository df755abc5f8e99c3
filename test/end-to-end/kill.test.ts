import { randomInt } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
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
  readonly acknowledged = new Set<string>();
  readonly #pending: { readonly body: string; readonly spanIds: readonly string[] }[] = [];
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
    const { body, spanIds } = this.#pending[0]!;
    const response = await fetch(`${url}/v1/traces`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body,
    }).catch(() => undefined);
    await response?.arrayBuffer().catch(() => undefined);
    if (response?.status !== 200) return delay(20);
    for (const spanId of spanIds) this.acknowledged.add(spanId);
    this.#pending.shift();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #createBatch(): void {
    const spans = createSpans(randomInt(1, 500));
    this.#pending.push({ body: toOtlpJson(spans), spanIds: spans.map(({ spanId }) => spanId) });
  }
}

const rounds = 10;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-kill-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("kill -9 of the main process loses no acknowledged span and doubles none", () =>
  killUnderLoad(({ process: main }) => kill(main.pid)));

test("kill -9 of the database process loses no acknowledged span and doubles none", () =>
  killUnderLoad((culprit) => kill(culprit.databasePid()), { restart: false }));

test("kill -9 of both loses no acknowledged span and doubles none", () =>
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
    const before = exporter.acknowledged.size;
    const sending = exporter.run(culprit.url);
    await until(() => exporter.acknowledged.size > before);
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
    await until(async () => (await culprit.metric("culprit_journal_spans")) === 0);
    await expectStored(exporter, await readCounts(culprit));
  }
  await exporter.sendRest(culprit.url);
  await until(async () => (await culprit.metric("culprit_journal_spans")) === 0);
  expect(await culprit.process.stop(20_000)).toBe(0);
  await expectEverySpanOnce(exporter);
}

/** What is stored may hold more than what was acknowledged: a kill between the fsync and the answer. Never less. */
async function expectStored(exporter: Exporter, { spansStored }: { spansStored: number }) {
  expect(spansStored).toBeGreaterThanOrEqual(exporter.acknowledged.size);
}

async function readCounts(culprit: CulpritProcess): Promise<{ spansStored: number }> {
  const response = await fetch(`${culprit.url}/api/v1/findings`);
  const { coverage } = (await response.json()) as { coverage: { spansStored: number } };
  return coverage;
}

async function expectEverySpanOnce(exporter: Exporter): Promise<void> {
  const store = await openEmbeddedStore({ folder: join(folder, "clickhouse") });
  try {
    const { id } = await store.selectColumns<{ id: string[] }>(
      {
        name: "all-span-ids",
        sql: "SELECT lower(hex(span_id)) AS id FROM spans ORDER BY id LIMIT 5000000",
      },
      {},
    );
    const stored = new Set(id);
    expect(id.length, "no span twice").toBe(stored.size);
    expect(
      [...exporter.acknowledged].filter((spanId) => !stored.has(spanId)),
      "no span lost",
    ).toEqual([]);
    const [counts] = await store.select<StoredCountsRow>(storedCountsQuery, {});
    expect(counts).toMatchObject({ spans: id.length, opsSpans: id.length, traceSpans: id.length });
  } finally {
    await store.close();
  }
}

function kill(pid: number): void {
  process.kill(pid, "SIGKILL");
}
