import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { defaultDecodeLimits } from "../../../collector/decode/decode-limits.ts";
import { decodeOtlp } from "../../../collector/decode/decode-otlp.ts";
import { blockTables } from "../../../storage/block-tables.ts";
import type { Engine } from "../../../storage/embedded/engine.ts";
import { countSpans, createCorpus } from "../corpus/corpus.ts";
import { decodeRows } from "../naive/decode-rows.ts";
import type { NaiveStore } from "../naive/naive-store.ts";

export interface FillOptions {
  readonly engine: Engine;
  readonly naive: NaiveStore;
  readonly folder: string;
  readonly days: number;
  readonly tracesOfDay: number;
}

/** What is stored by now. */
export interface StoredDays {
  readonly days: number;
  readonly spans: number;
  /** Of our tables, with views and merges, for the day that came last. */
  readonly cpuSecondsPerMillion: number;
  /** The same of the second day, once it is there: the first one comes another way. */
  secondDayCpuSeconds(): number;
  readonly sampleTraceIds: readonly string[];
  readonly sampleUserIds: readonly string[];
  /** The end of the newest day. */
  readonly toS: number;
}

const dayS = 86_400;
const fileSpans = 50_000;

/**
 * Days of spans, the newest first. That one comes as it would from exporters: decoded, and inserted by files. The
 * others are its copies, one day older each and with other ids, made in ClickHouse; views and merges work as always.
 */
export async function* fillDays(options: FillOptions): AsyncGenerator<StoredDays> {
  const { naive, days } = options;
  const toS = Math.floor(Date.now() / 1000 / dayS) * dayS;
  let secondDay = Number.NaN;
  let perMillion = await insertNewestDay(options, toS);
  const spans = await countStored(naive);
  const sampleUserIds = await readColumn(
    naive,
    "SELECT attributes['user.id'] AS user FROM default.spans WHERE user != '' GROUP BY user HAVING count() BETWEEN 5 AND 60 ORDER BY cityHash64(user) LIMIT 20",
  );
  for (let day = 1; day <= days; day++) {
    if (day > 1) perMillion = await copyDay(naive, toS, day, spans);
    if (day === 2) secondDay = perMillion;
    const sampleTraceIds = await readColumn(
      naive,
      "SELECT lower(hex(trace_id)) FROM default.traces GROUP BY trace_id HAVING sum(spans) BETWEEN 20 AND 30 ORDER BY cityHash64(trace_id) LIMIT 20",
    );
    const stored = await countStored(naive);
    if (stored !== day * spans) throw new Error(`${stored} spans after ${day} days of ${spans}`);
    yield {
      days: day,
      spans: stored,
      cpuSecondsPerMillion: perMillion,
      secondDayCpuSeconds: () => secondDay,
      sampleTraceIds,
      sampleUserIds,
      toS,
    };
  }
}

async function insertNewestDay(
  { engine, naive, folder, tracesOfDay }: FillOptions,
  toS: number,
): Promise<number> {
  const hours = 24;
  let spans = 0;
  let cpuSeconds = 0;
  for (let hour = 0; hour < hours; hour++) {
    const bodies = createCorpus({
      traces: Math.ceil(tracesOfDay / hours),
      fromMs: (toS - dayS + hour * 3_600) * 1000,
      durationMs: 3_599_000,
      seed: `hour ${hour}`,
    });
    spans += countSpans(bodies);
    const file = join(folder, "hour");
    await writeFile(
      `${file}.json`,
      Buffer.concat(bodies.map(({ bytes }) => decodeRows(bytes).block)),
    );
    await naive.insertFile(`${file}.json`);
    cpuSeconds += await cpuOf(async () => {
      for (let i = 0, rows = 0, blocks: Uint8Array[] = []; i < bodies.length; i++) {
        const decoded = decodeOtlp("traces", bodies[i]!.bytes, "protobuf", {
          receivedMs: toS * 1000,
          acceptFromMs: 0,
          acceptToMs: toS * 1000 + 3_600_000,
          limits: defaultDecodeLimits,
        });
        rows += decoded.rows;
        blocks.push(decoded.block.slice());
        if (rows < fileSpans && i < bodies.length - 1) continue;
        await writeFile(file, Buffer.concat(blocks));
        await engine.insertBlocks("spans", file, `${hour}-${i}`);
        rows = 0;
        blocks = [];
      }
    });
  }
  await untilMergesRest(naive);
  return (cpuSeconds / spans) * 1e6;
}

/** Returns the CPU seconds per million spans of our half. */
async function copyDay(
  naive: NaiveStore,
  toS: number,
  day: number,
  spans: number,
): Promise<number> {
  const shift = `INTERVAL ${day - 1} DAY`;
  const mask = `${day}`.repeat(8).slice(0, 8);
  const traceMask = `reinterpretAsUInt128('${mask}${mask}')`;
  const spanMask = `reinterpretAsUInt64('${mask}')`;
  const other = (id: string, bytes: number) =>
    `reinterpretAsFixedString(bitXor(reinterpretAsUInt${bytes * 8}(${id}), ${bytes === 16 ? traceMask : spanMask}))`;
  const hex = (id: string, bytes: number) => `lower(hex(${other(`unhex(${id})`, bytes)}))`;
  const blocks =
    "max_block_size = 65536, min_insert_block_size_rows = 400000, min_insert_block_size_bytes = 0, max_insert_threads = 1, max_threads = 1";
  const columns = blockTables.spans.map(({ name }) => name).join(", ");
  await naive.run(`
    INSERT INTO naive.otel_traces SELECT * REPLACE (
      Timestamp - ${shift} AS Timestamp,
      ${hex("TraceId", 16)} AS TraceId,
      ${hex("SpanId", 8)} AS SpanId,
      if(ParentSpanId = '', '', ${hex("ParentSpanId", 8)}) AS ParentSpanId)
    FROM naive.otel_traces AS newest
    WHERE newest.Timestamp >= toDateTime64(${toS - dayS}, 9)
    SETTINGS ${blocks}`);
  await untilMergesRest(naive);
  const seconds = await cpuOf(async () => {
    await naive.run(`
      INSERT INTO default.spans (${columns}) SELECT ${columns} FROM (SELECT * REPLACE (
        ts - ${shift} AS ts,
        received - ${shift} AS received,
        ${other("trace_id", 16)} AS trace_id,
        ${other("span_id", 8)} AS span_id,
        if(parent_span_id = toFixedString('', 8), parent_span_id, ${other("parent_span_id", 8)}) AS parent_span_id)
      FROM default.spans AS newest
      WHERE newest.ts >= toDateTime64(${toS - dayS}, 9))
      SETTINGS ${blocks}`);
    await untilMergesRest(naive);
  });
  return (seconds / spans) * 1e6;
}

async function untilMergesRest(naive: NaiveStore): Promise<void> {
  for (let quiet = 0; quiet < 10; ) {
    await delay(200);
    quiet =
      (await naive.run("SELECT count() FROM system.merges FORMAT TSV")) === "0\n" ? quiet + 1 : 0;
  }
}

async function countStored(naive: NaiveStore): Promise<number> {
  return Number(await naive.run("SELECT count() FROM default.spans FORMAT TSV"));
}

async function readColumn(naive: NaiveStore, sql: string): Promise<string[]> {
  return (await naive.run(`${sql} FORMAT TSV`)).trim().split("\n");
}

async function cpuOf(act: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
