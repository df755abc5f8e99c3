import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultDecodeLimits } from "../../../collector/decode/decode-limits.ts";
import { decodeOtlp } from "../../../collector/decode/decode-otlp.ts";
import { blockTables } from "../../../storage/block-tables.ts";
import type { Engine } from "../../../storage/embedded/engine.ts";
import { countSpans, createCorpus } from "../corpus/corpus.ts";
import { createProgress } from "./progress.ts";

const partSpans = 50_000;

/**
 * Stores about so many spans, all of the same ten minutes: up to 100,000 as exporters send them, the others as copies with
 * other ids that ClickHouse makes; views work as always. Returns how many there are.
 */
export async function fillCopies(engine: Engine, folder: string, size: number): Promise<number> {
  const baseSize = Math.min(size, 100_000);
  let stored = 0;
  for (let part = 0; stored < baseSize * 0.99; part++) {
    stored += await insertPart(engine, folder, part, Math.min(partSpans, baseSize - stored));
  }
  const base = stored;
  await engine.administer("CREATE TABLE base ENGINE = Memory AS SELECT * FROM spans");
  const tell = createProgress("spans stored");
  for (let copy = 1; stored < size * 0.99; copy++) {
    await engine.administer(copySql(copy));
    stored += base;
    tell(stored);
  }
  return stored;
}

async function insertPart(
  engine: Engine,
  folder: string,
  part: number,
  spans: number,
): Promise<number> {
  const nowMs = Date.now();
  const bodies = createCorpus({
    traces: Math.ceil(spans / 14.6),
    fromMs: nowMs - 600_000,
    durationMs: 500_000,
    seed: `part ${part}`,
  });
  const context = {
    receivedMs: nowMs,
    acceptFromMs: 0,
    acceptToMs: nowMs + 3_600_000,
    limits: defaultDecodeLimits,
  };
  const blocks = bodies.map(({ bytes }) =>
    decodeOtlp("traces", bytes, "protobuf", context).block.slice(),
  );
  const file = join(folder, "part");
  await writeFile(file, Buffer.concat(blocks));
  await engine.insertBlocks("spans", file, `part-${part}`);
  return countSpans(bodies);
}

function copySql(copy: number): string {
  const half = BigInt.asUintN(64, BigInt(copy) * 0x9e3779b97f4a7c15n);
  const trace = `toUInt128('${(half << 64n) | half}')`;
  const span = `toUInt64('${half}')`;
  const columns = blockTables.spans.map(({ name }) => name).join(", ");
  return `
    INSERT INTO spans (${columns}) SELECT ${columns} FROM (SELECT * REPLACE (
      reinterpretAsFixedString(bitXor(reinterpretAsUInt128(trace_id), ${trace})) AS trace_id,
      reinterpretAsFixedString(bitXor(reinterpretAsUInt64(span_id), ${span})) AS span_id,
      if(parent_span_id = toFixedString('', 8), parent_span_id,
        reinterpretAsFixedString(bitXor(reinterpretAsUInt64(parent_span_id), ${span}))) AS parent_span_id)
    FROM base)
    SETTINGS max_block_size = 200000, min_insert_block_size_rows = 200000, min_insert_block_size_bytes = 0, max_insert_threads = 1, max_threads = 1`;
}
