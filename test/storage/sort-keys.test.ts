import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTraces } from "../../analyzers/schedule/read-traces.ts";
import {
  type EmbeddedStore,
  openEmbeddedStore,
} from "../../storage/embedded/open-embedded-store.ts";
import {
  intervalOfSpan,
  isLongTrace,
  type TracePlace,
  toPlaces,
} from "../../storage/queries/trace-places.ts";
import { longTraceSpansQuery, traceSpansQuery } from "../../storage/queries/trace-spans.ts";
import {
  firstWaterfallSpansQuery,
  waterfallSpansQuery,
} from "../../storage/queries/waterfall-spans.ts";
import type { Query } from "../../storage/store.ts";
import { toPlainColumns } from "../support/plain-columns.ts";
import { type SpanRow, toTimestamp, writeSpanFile } from "../support/span-file.ts";

/** Sorted by the hour, as every data folder was before intervals came. */
const older = join(import.meta.dirname, "../fixtures/data-folder-0.1/data.tar.gz");
const root = mkdtempSync(join(tmpdir(), "culprit-sort-keys-"));
const midnightMs = Math.floor(Date.now() / 86_400_000) * 86_400_000;

/** When the spans of a trace start, seconds from a midnight. */
const startsOf = {
  "in one second": [10.25, 10.5],
  "across a second": [10.999_999, 11],
  "to the last of a minute": [1, 59.999_999],
  "across an interval": [9.999_999, 10],
  "to the last of an interval": [21, 29.999_999],
  "across a minute": [59.999_999, 60],
  "across an hour": [3_599.9, 3_600, 3_600.1],
  "across midnight": [-0.001, 0, 0.001],
  "at midnight alone": [0],
  "before midnight alone": [-0.000_001],
  "of minutes, with gaps": [-290, 1, 2, 299],
  "of ten minutes less an interval": [0, 300, 590],
  "of ten minutes": [0, 61, 600],
  "of more than an hour": [0, 61, 3_661],
  "of hours": [-7_200, -1, 3_600, 12_345.678],
  "of two days": [-86_400, 0, 86_399],
} as const;
const shapes = Object.keys(startsOf) as (keyof typeof startsOf)[];
/** Several of each shape, so that one is never all that its intervals hold. */
const traces = shapes.flatMap((shape, i) =>
  [0, 1, 2].map((copy) =>
    toTrace(((i + 1) * 0x9e3779b1 + copy * 0x85ebca6b) >>> 0, startsOf[shape]),
  ),
);

function toTrace(id: number, starts: readonly number[]) {
  const traceId = id.toString(16).padStart(8, "0").repeat(4);
  const spans = starts.map((start, i): SpanRow => {
    const unixNs = Math.round(start * 1e9);
    const ms = Math.floor(unixNs / 1e6);
    return {
      ts: toTimestamp(midnightMs + ms, unixNs - ms * 1e6),
      duration: 1_000,
      trace_id: traceId,
      span_id: `${traceId.slice(0, 8)}${String(i).padStart(8, "0")}`,
      name: "step",
    };
  });
  const fromS = midnightMs / 1000 + Math.floor(starts[0]!);
  const toS = midnightMs / 1000 + Math.floor(starts.at(-1)!);
  return { spans, place: { traceId, fromS, toS } satisfies TracePlace };
}

describe.each([
  ["a new folder", null],
  ["a folder of 0.1", older],
] as const)("%s", (name, archive) => {
  let store: EmbeddedStore;

  beforeAll(async () => {
    const folder = mkdtempSync(join(root, "folder-"));
    if (archive !== null) execFileSync("tar", ["-xzf", archive, "-C", folder]);
    store = await openEmbeddedStore({ folder: join(folder, "clickhouse") });
    const file = join(folder, "spans.native");
    await writeSpanFile(
      file,
      traces.flatMap(({ spans }) => spans),
    );
    await store.insertBlocks("spans", file, "once");
    // Copies that a client sent again, of another part.
    await writeSpanFile(
      file,
      traces.filter((_, i) => i % 5 === 0).map(({ spans }) => spans[0]!),
    );
    await store.insertBlocks("spans", file, "again");
  });

  afterAll(() => store.close());

  test("is sorted as it was made", async () => {
    const [row] = await store.select<{ key: string }>(
      {
        name: "sort-key",
        sql: "SELECT sorting_key AS key FROM system.tables WHERE database = currentDatabase() AND name = 'spans' ORDER BY key LIMIT 1",
      },
      {},
    );
    const first = archive === null ? intervalOfSpan : "toStartOfHour(ts)";
    expect(row?.key, name).toBe(`${first}, trace_id, ts`);
  });

  test("asking by intervals and ids gives the same spans as asking by the range of all", async () => {
    const ask = async (query: typeof traceSpansQuery, places: readonly TracePlace[]) => {
      const columns = await store.selectNative(query, {
        places: toPlaces(places),
        fromS: Math.min(...places.map(({ fromS }) => fromS)),
        toS: Math.max(...places.map(({ toS }) => toS)),
        spansMax: 10_000,
      });
      return toPlainColumns(columns).spanId!.toSorted();
    };
    const short = traces.filter(({ place }) => !isLongTrace(place));
    expect(short).toHaveLength(traces.length - 4 * 3);
    await fc.assert(
      fc.asyncProperty(fc.subarray(short, { minLength: 1 }), async (wanted) => {
        const places = wanted.map(({ place }) => place);
        const byRange = await ask(longTraceSpansQuery, places);
        expect(new Set(byRange)).toEqual(
          new Set(wanted.flatMap(({ spans }) => spans.map(({ span_id }) => span_id))),
        );
        expect(await ask(traceSpansQuery, places)).toEqual(byRange);
      }),
      { numRuns: 20 },
    );
  });

  test("traces of any length come whole", async () => {
    const found = new Map<string, readonly string[]>();
    const places = traces.map(({ place }) => place);
    for await (const part of readTraces(store, places, { tracesAtOnce: 7 })) {
      for (const { traceId, spanId } of part) found.set(traceId, spanId);
    }
    const stored = traces.map(({ place, spans }) => [
      place.traceId,
      spans.map(({ span_id }) => span_id),
    ]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(stored));
  });

  test.each(shapes)("a trace's page has all spans: %s", async (shape) => {
    const { place, spans } = traces[shapes.indexOf(shape) * 3]!;
    const read = async (query: Query) =>
      toPlainColumns(await store.selectNative(query, { ...place, spansMax: 100 })).spanId;
    const ids = spans.map(({ span_id }) => span_id);
    expect(new Set(await read(waterfallSpansQuery))).toEqual(new Set(ids));
    expect(await read(firstWaterfallSpansQuery)).toEqual(ids);
  });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));
