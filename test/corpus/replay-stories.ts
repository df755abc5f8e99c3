import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { LearnedOrder } from "../../analyzers/facts/learned-order.ts";
import { traceDetectors, windowDetectors } from "../../analyzers/index.ts";
import {
  type AnalysisCounters,
  createAnalysisCounters,
} from "../../analyzers/schedule/analysis-counters.ts";
import { examineTraces } from "../../analyzers/schedule/examine.ts";
import { numericOptions } from "../../analyzers/schedule/numeric-options.ts";
import { refreshFindings } from "../../analyzers/schedule/refresh-findings.ts";
import { SettledColumns } from "../../analyzers/schedule/settled-columns.ts";
import { completeTraces, type SettledTrace } from "../../analyzers/schedule/settled-trace.ts";
import { defaultDecodeLimits } from "../../collector/decode/decode-limits.ts";
import { decodeOtlp } from "../../collector/decode/decode-otlp.ts";
import { openEmbeddedStore } from "../../storage/embedded/open-embedded-store.ts";
import { settledTracesQuery } from "../../storage/queries/settled-traces.ts";
import type { Store } from "../../storage/store.ts";
import { shiftTraces } from "./shift-traces.ts";
import type { Story } from "./story.ts";

/** What the detectors said of a story. */
export interface Verdict {
  readonly story: Story;
  readonly traces: number;
  /** Detector id: how many occurrences its findings have, or 1 for a detector that judges a window. */
  readonly found: ReadonlyMap<string, number>;
  /** "detector: guard" of what a guard held back. */
  readonly heldBack: ReadonlySet<string>;
}

const recordings = join(import.meta.dirname, "../fixtures/traces");
/**
 * Runs every detector over every story, as the product does it: decoded, stored, picked as candidates by SQL, confirmed.
 * A detector that fails on a story is an error.
 */
export async function replayStories(stories: readonly Story[]): Promise<Verdict[]> {
  const folder = await mkdtemp(join(tmpdir(), "culprit-corpus-"));
  const store = await openEmbeddedStore({ folder: join(folder, "clickhouse") });
  try {
    const verdicts: Verdict[] = [];
    for (const story of stories) verdicts.push(await replay(store, story, folder));
    return verdicts;
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function replay(store: Store, story: Story, folder: string): Promise<Verdict> {
  const sinceMs = Date.now() - 1;
  await insert(store, story, folder);
  const columns = await store.selectNative(settledTracesQuery, {
    sinceMs,
    sinceTraceId: "",
    untilMs: Date.now() + 1,
    quietMs: 0,
    settledMaxMs: 0,
    lookBackMs: 0,
    tracesMax: 1_000_000,
    worker: 0,
    workers: 1,
  });
  const settled = await completeTraces(store, new SettledColumns(columns).toArrived());
  const counters = createAnalysisCounters(traceDetectors.map(({ meta }) => meta.id));
  const log: string[] = [];
  const examiner = {
    store,
    detectors: traceDetectors,
    order: new LearnedOrder(),
    counters,
    log: (line: string) => log.push(line),
    now: Date.now,
  };
  const seen = await examineTraces(examiner, settled);
  const heldBack = await readHeldBack(store, settled);
  const found = new Map<string, number>();
  const stale = [...seen].map(([fingerprint, detector]) => ({ fingerprint, detector }));
  const findings = await refreshFindings(examiner, stale);
  for (const { fingerprint, detector } of stale) {
    const { id } = detector.meta;
    const finding = findings.get(fingerprint);
    if (finding) found.set(id, (found.get(id) ?? 0) + finding.evidence.tracesAffected);
    else heldBack.add(`${id}: rare or passing`);
  }
  failOnErrors(story, counters, log);
  for (const id of await judgeWindow(store, story, settled)) found.set(id, 1);
  return { story, traces: settled.length, found, heldBack };
}

async function insert(store: Store, { name }: Story, folder: string): Promise<void> {
  const body = gunzipSync(await readFile(join(recordings, `${name}.otlp.gz`)));
  const nowMs = Date.now();
  shiftTraces(body, nowMs);
  const { block } = decodeOtlp("traces", body, "protobuf", {
    receivedMs: nowMs,
    acceptFromMs: nowMs - 3_600_000,
    acceptToMs: nowMs + 3_600_000,
    limits: defaultDecodeLimits,
  });
  const file = join(folder, `${name}.native`);
  await writeFile(file, block);
  await store.insertBlocks("spans", file, name);
  await rm(file);
}

function failOnErrors(story: Story, { detectorErrors }: AnalysisCounters, log: string[]): void {
  const failed = Object.entries(detectorErrors).filter(([, errors]) => errors > 0);
  if (failed.length > 0) throw new Error(`${story.name}: ${log.join("\n")}`);
}

interface GuardRow {
  readonly detector: string;
  readonly suppressedBy: string;
}

const guardsOfTraces = {
  name: "guards-of-traces",
  sql: `
    SELECT DISTINCT detector, suppressed_by AS suppressedBy
    FROM occurrences FINAL
    WHERE trace_id IN ({traces:Array(String)}) AND suppressed_by != ''
    ORDER BY detector, suppressed_by
    LIMIT 1000`,
};

async function readHeldBack(store: Store, settled: readonly SettledTrace[]): Promise<Set<string>> {
  const traces = settled.map(({ traceId }) => traceId);
  const rows = await store.select<GuardRow>(guardsOfTraces, { traces });
  return new Set(rows.map(({ detector, suppressedBy }) => `${detector}: ${suppressedBy}`));
}

/** The detectors of windows, over the minutes of the recording, that find something in the story's services. */
async function judgeWindow(
  store: Store,
  { services }: Story,
  settled: readonly SettledTrace[],
): Promise<string[]> {
  const from = Math.min(...settled.map(({ fromS }) => fromS)) - 60;
  const to = Math.max(...settled.map(({ toS }) => toS)) + 60;
  const ids: string[] = [];
  for (const { meta, query, toObservation } of windowDetectors) {
    const parameters = { ...numericOptions(meta.defaults), from, to, findingsMax: 10_000 };
    const rows = await store.select<unknown>({ name: meta.id, sql: query }, parameters);
    const observations = rows.map((row) => toObservation(row, meta.defaults));
    if (observations.some(({ service }) => services.includes(service))) ids.push(meta.id);
  }
  return ids;
}
