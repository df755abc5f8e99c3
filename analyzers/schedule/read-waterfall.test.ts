import { afterAll, beforeAll, expect, test } from "vitest";
import { loopTrace, openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import { readWaterfall } from "./read-waterfall.ts";

let traces: TestStore;
const startMs = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
const range = { fromS: startMs / 1000, toS: startMs / 1000 + 60 };

beforeAll(async () => {
  traces = await openTestStore();
});

afterAll(() => traces.close());

test("a span that came twice is drawn once, as it started first", async () => {
  const spans = loopTrace({ startMs, queries: 30 });
  const traceId = spans[0]!.traceId;
  await traces.insert(spans);
  const view = await readWaterfall(traces.store, traceId, range);
  await traces.insert(spans.slice(1, 4));
  await traces.insert([{ ...spans[5]!, startMs: spans[5]!.startMs + 1 }]);
  expect(view!.spanId).toEqual(spans.map(({ spanId }) => spanId));
  expect(await readWaterfall(traces.store, traceId, range)).toEqual(view);
});

test("of more spans than are read the first ones are drawn, whatever order they came in", async () => {
  const spans = loopTrace({ startMs, queries: 30 });
  const traceId = spans[0]!.traceId;
  await traces.insert(spans.slice(16));
  await traces.insert(spans.slice(0, 16));
  const ids = spans.map(({ spanId }) => spanId);
  const read = async (spansMax: number) =>
    (await readWaterfall(traces.store, traceId, { ...range, spansMax }))!.spanId;
  expect(await read(10)).toEqual(ids.slice(0, 10));
  expect(await read(30)).toEqual(ids.slice(0, 30));
  expect(await read(31)).toEqual(ids);
  expect(await read(32)).toEqual(ids);
});

test("a trace of an hour is drawn whole", async () => {
  const [root, ...calls] = loopTrace({ startMs, queries: 5 });
  const hour = calls.map((call, i) => ({ ...call, startMs: startMs + i * 720_000 }));
  await traces.insert([root!, ...hour]);
  const view = await readWaterfall(traces.store, root!.traceId, {
    fromS: startMs / 1000,
    toS: startMs / 1000 + 3_600,
  });
  expect(view!.spanId).toEqual([root!, ...hour].map(({ spanId }) => spanId));
  expect(view!.startNs.at(-1)).toBe(4 * 720e9);
});
