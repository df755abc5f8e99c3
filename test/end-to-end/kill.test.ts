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

/**
 * An exporter that sends batch after batch, and keeps what was not acknowledged to send it again: just what a retry of
 * an OpenTelemetry SDK does.
 */
class Exporter {
  readonly acknowledged = new Set<string>();
  readonly #pending: { readonly body: string; readonly spanIds: readonly string[] }[] = [];
  #isStopped = false;

  async run(url: string): Promise<void> {
    this.#isStopped = false;
    while (!this.#isStopped) {
      const batch = this.#pending[0] ?? this.#createBatch();
      const response = await fetch(`${url}/v1/traces`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: batch.body,
      }).catch(() => undefined);
      if (response?.status === 200) {
        for (const spanId of batch.spanIds) this.acknowledged.add(spanId);
        this.#pending.shift();
      }
      await response?.arrayBuffer().catch(() => undefined);
      if (!response) await delay(20);
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** How many bodies still wait for an acknowledgement. */
  get waiting(): number {
    return this.#pending.length;
  }

  #createBatch() {
    const spans = createSpans(randomInt(1, 500));
    const batch = { body: toOtlpJson(spans), spanIds: spans.map(({ spanId }) => spanId) };
    this.#pending.push(batch);
    return batch;
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
  const resending = exporter.run(culprit.url);
  await until(() => exporter.waiting === 0);
  exporter.stop();
  await resending;
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

const patienceMs = 60_000;

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`still not so after ${patienceMs} ms: ${isTrue}`);
    await delay(25);
  }
}
