import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { compareStored } from "../../storage/queries/trace-places.ts";
import type { Store } from "../../storage/store.ts";
import { createSpans } from "../../test/support/otlp-body.ts";
import { openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import { SettledTraces } from "./settled.ts";
import type { SettledTrace } from "./settled-trace.ts";

let traces: TestStore;
/** Ahead of the clock, so that what was just inserted has settled. */
let aheadMs = 0;
const now = () => Date.now() + aheadMs;

beforeAll(async () => {
  traces = await openTestStore();
});

beforeEach(() => {
  aheadMs = 0;
});

afterAll(() => traces.close());

async function walk(settled: SettledTraces): Promise<(readonly SettledTrace[])[]> {
  const pages = [];
  for await (const page of settled.pages()) pages.push(page);
  return pages;
}

const idsOf = (pages: readonly (readonly SettledTrace[])[]) =>
  pages.flatMap((page) => page.map(({ traceId }) => traceId)).sort();

/** Inserts traces of one span each; their ids. */
async function arrive(count: number): Promise<string[]> {
  const spans = createSpans(count);
  await traces.insert(spans);
  return spans.map(({ traceId }) => traceId).sort();
}

test("a trace is handed out once it is quiet for 10 s, then no more, page by page", async () => {
  const settled = new SettledTraces(traces.store, now, { tracesMax: 3 });
  const ids = await arrive(7);
  expect(await walk(settled)).toEqual([]);
  aheadMs += 11_000;
  const pages = await walk(settled);
  expect(idsOf(pages)).toEqual(ids);
  expect(pages.every((page) => page.length <= 3)).toBe(true);
  expect(await walk(settled)).toEqual([]);
  expect(settled.watermarkMs).toBeGreaterThan(Date.now());
});

test("pages come in the order in which spans are stored: by when they happened, then by id", async () => {
  const settled = new SettledTraces(traces.store, now, { pageMax: 4 });
  await walk(settled);
  const startMs = Date.now() - 25_000;
  const spans = Array.from({ length: 11 }, (_, i) =>
    createSpans(1, startMs + (i % 3) * 10_000),
  ).flat();
  await traces.insert(spans);
  aheadMs += 11_000;
  const pages = await walk(settled);
  expect(idsOf(pages)).toEqual(expect.arrayContaining(spans.map(({ traceId }) => traceId)));
  expect(pages.flat()).toEqual(pages.flat().toSorted(compareStored));
  expect(pages.slice(0, -1).every((page) => page.length === 4)).toBe(true);
});

test("more than are asked for at once are handed out once each, in slices of the ids", async () => {
  const settled = new SettledTraces(traces.store, now, { tracesMax: 4, pageMax: 3 });
  await walk(settled);
  const ids = [...(await arrive(11)), ...(await arrive(6))];
  aheadMs += 11_000;
  const pages = await walk(settled);
  expect(idsOf(pages)).toEqual([...new Set(idsOf(pages))]);
  expect(idsOf(pages)).toEqual(expect.arrayContaining(ids));
  expect(pages.every((page) => page.length <= 3)).toBe(true);
});

test("workers share the traces: each trace is handed out by exactly one, and each has its own progress", async () => {
  const workers = [0, 1, 2].map(
    (worker) => new SettledTraces(traces.store, now, { worker, workers: 3 }),
  );
  for (const settled of workers) await walk(settled);
  const ids = await arrive(30);
  aheadMs += 11_000;
  const shares: string[][] = [];
  for (const settled of workers) shares.push(idsOf(await walk(settled)));
  const all = shares.flat().sort();
  expect(all).toEqual([...new Set(all)]);
  expect(all).toEqual(expect.arrayContaining(ids));
  expect(shares.every((share) => share.length > 0)).toBe(true);
  await workers[0]!.record(workers[0]!.watermarkMs);
  const again = new SettledTraces(traces.store, now, { worker: 1, workers: 3 });
  expect(idsOf(await walk(again))).toEqual(expect.arrayContaining(shares[1]!));
});

test("a span that comes late makes its trace settle once more", async () => {
  const settled = new SettledTraces(traces.store, now);
  const spans = createSpans(1);
  await traces.insert(spans);
  aheadMs += 11_000;
  const ids = spans.map(({ traceId }) => traceId);
  expect(idsOf(await walk(settled))).toEqual(expect.arrayContaining(ids));
  await traces.insert([{ ...spans[0]!, spanId: "00000000000000aa", name: "late" }]);
  aheadMs += 11_000;
  expect(idsOf(await walk(settled))).toEqual(ids);
  expect(await walk(settled)).toEqual([]);
});

test("a page that was not finished is handed out again", async () => {
  const settled = new SettledTraces(traces.store, now, { tracesMax: 2 });
  await walk(settled);
  const ids = await arrive(3);
  aheadMs += 11_000;
  for await (const _page of settled.pages()) break;
  expect(idsOf(await walk(settled))).toEqual(expect.arrayContaining(ids));
});

test("a store that goes away between two pages costs nothing but a repeat", async () => {
  let answers = Number.POSITIVE_INFINITY;
  const flaky: Store = {
    ...traces.store,
    selectNative: (query, parameters) =>
      answers-- > 0
        ? traces.store.selectNative(query, parameters)
        : Promise.reject(new Error("the store is away")),
  };
  const settled = new SettledTraces(flaky, now, { tracesMax: 2 });
  await walk(settled);
  const ids = await arrive(5);
  aheadMs += 11_000;
  answers = 2;
  const seen: string[] = [];
  await expect(
    (async () => {
      for await (const page of settled.pages()) seen.push(...page.map(({ traceId }) => traceId));
    })(),
  ).rejects.toThrow("away");
  answers = Number.POSITIVE_INFINITY;
  seen.push(...idsOf(await walk(settled)));
  expect([...new Set(seen)].sort()).toEqual(expect.arrayContaining(ids));
});

test("a clock that was ahead does not stop the analysis until it is that late", async () => {
  const ahead = aheadMs;
  const settled = new SettledTraces(traces.store, now);
  aheadMs += 86_400_000;
  await walk(settled);
  aheadMs = ahead;
  const ids = await arrive(1);
  aheadMs += 11_000;
  expect(idsOf(await walk(settled))).toEqual(expect.arrayContaining(ids));
});

test("who starts again begins at the recorded progress, less the overlap", async () => {
  const ids = await arrive(2);
  aheadMs += 11_000;
  const first = new SettledTraces(traces.store, now);
  await walk(first);
  await first.record(first.watermarkMs);
  expect(idsOf(await walk(new SettledTraces(traces.store, now)))).toEqual(
    expect.arrayContaining(ids),
  );
  aheadMs += 120_000;
  await walk(first);
  await first.record(first.watermarkMs);
  expect(await walk(new SettledTraces(traces.store, now))).toEqual([]);
});
