import { afterAll, beforeAll, expect, test } from "vitest";
import { StorageError, type Store } from "../../storage/store.ts";
import { loopTrace, openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import { type ReadLimits, readTraces } from "./read-traces.ts";

let traces: TestStore;
const startMs = Date.now() - 60_000;
const range = { fromS: Math.floor(startMs / 1000), toS: Math.floor(startMs / 1000) + 60 };
/** Of 1, 11, 21, 31 and 41 spans, in order of their ids. */
const stored = Array.from({ length: 5 }, (_, i) =>
  loopTrace({ startMs, queries: i * 10, traceId: `1${i}`.repeat(16) }),
);
const ids = stored.map((spans) => spans[0]!.traceId);

beforeAll(async () => {
  traces = await openTestStore();
  await traces.insert(stored.flat());
});

afterAll(() => traces.close());

/** The sizes of the traces in each part. */
async function sizes(limits: ReadLimits, store: Store = traces.store, wanted = ids) {
  const parts: number[][] = [];
  const places = wanted.map((traceId) => ({ traceId, ...range }));
  for await (const part of readTraces(store, places, limits)) {
    parts.push(part.map(({ size }) => size).sort((a, b) => a - b));
  }
  return parts;
}

test("all come in one part when they fit", async () => {
  expect(await sizes({})).toEqual([[1, 11, 21, 31, 41]]);
  expect(await sizes({ tracesAtOnce: 2 })).toEqual([[1, 11], [21, 31], [41]]);
});

test("too many spans for one part are read in several; a trace alone is cut at the limit", async () => {
  const parts = await sizes({ spansMax: 40 });
  expect(parts.flat()).toEqual([1, 11, 21, 31, 40]);
  expect(Math.max(...parts.map((part) => part.reduce((sum, size) => sum + size, 0)))).toBe(40);
});

test("a trace that the store can't return is passed on, or rejects the read", async () => {
  const limited: Store = {
    ...traces.store,
    selectNative: (query, parameters) =>
      (parameters.places as string).includes(ids[3]!)
        ? Promise.reject(new StorageError("QUERY_LIMIT", "memory"))
        : traces.store.selectNative(query, parameters),
  };
  const tooLarge: string[] = [];
  const parts = await sizes({ onTooLarge: (traceId) => tooLarge.push(traceId) }, limited);
  expect(parts.flat()).toEqual([1, 11, 21, 41]);
  expect(tooLarge).toEqual([ids[3]]);
  await expect(sizes({}, limited)).rejects.toThrow("memory");
});

test("what is not there is left out; nothing is nothing", async () => {
  expect(await sizes({}, traces.store, ["ff".repeat(16), ids[0]!])).toEqual([[1]]);
  expect(await sizes({}, traces.store, [])).toEqual([]);
});

test.each([5, 60])("a span that came twice is there once, of %i", async (queries) => {
  const spans = loopTrace({ startMs, queries });
  await traces.insert(spans);
  await traces.insert(spans.slice(1, 4));
  const [trace] = (
    await readTraces(traces.store, [{ traceId: spans[0]!.traceId, ...range }]).next()
  ).value!;
  expect(trace!.spanId).toEqual(spans.map(({ spanId }) => spanId));
  expect([...trace!.parent]).toEqual(spans.map((_, i) => (i === 0 ? -1 : 0)));
});
