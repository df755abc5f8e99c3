import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Session } from "chdb";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { toParameterSettings } from "../embedded/parameter-settings.ts";
import { migrate } from "../migrate.ts";
import { defaultRetention } from "../retention.ts";
import type { Query } from "../store.ts";
import {
  longTracesQuery,
  type SettledCountRow,
  type SettledTracesParameters,
  settledCountQuery,
  settledTracesQuery,
} from "./settled-traces.ts";

const folder = mkdtempSync(join(tmpdir(), "culprit-settled-"));
let session: Session;
const run = async (sql: string) => (await session.queryAsync(sql)).text();

beforeAll(async () => {
  session = new Session(folder);
  await migrate({ deployment: { kind: "single" }, retention: defaultRetention, run });
});

afterAll(() => {
  session.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The tests' clock starts on a minute, half a day ago: inside the table's two days. */
const originMs = Math.floor(Date.now() / 60_000) * 60_000 - 43_200_000;
const quietMs = 10_000;
const settledMaxMs = 600_000;
let traces = 0;

function newTraceId(): string {
  return (++traces).toString(16).padStart(32, "0");
}

/** As the view does it: a row for each insert. Times in milliseconds of the tests' clock. */
async function arrive(traceId: string, ...times: readonly number[]): Promise<void> {
  await arriveAll(times.map((ms) => [traceId, ms]));
}

async function arriveAll(arrivals: readonly (readonly [string, number])[]): Promise<void> {
  if (arrivals.length === 0) return;
  const tuples = arrivals.map(([traceId, ms]) => `('${traceId}', ${originMs + ms})`);
  await run(`
    INSERT INTO trace_arrivals (minute, trace_id, first, last, from, to)
    SELECT toStartOfMinute(at), unhex(arrival.1), at, at, toDateTime(at), toDateTime(at)
    FROM (
      SELECT arrayJoin([${tuples.join(", ")}]) AS arrival,
        fromUnixTimestamp64Milli(arrival.2, 'UTC') AS at
    )`);
}

interface SettledTraceRow {
  readonly traceId: string;
  readonly fromS: number;
  readonly toS: number;
  readonly settledMs: number;
}

const settle = (parameters: Partial<SettledTracesParameters>) =>
  ask<SettledTraceRow>(withHexIds(settledTracesQuery), parameters);

/** JSON can't carry the bytes of an id. */
function withHexIds({ name, sql }: Query): Query {
  return { name, sql: `SELECT * REPLACE (lower(hex(traceId)) AS traceId) FROM (${sql})` };
}

async function ask<Row>(
  { sql }: Query,
  parameters: Partial<SettledTracesParameters>,
): Promise<Row[]> {
  const { sinceMs = -1, untilMs = 0, ...others } = parameters;
  const settings = toParameterSettings({
    sinceTraceId: "",
    quietMs,
    settledMaxMs,
    lookBackMs: settledMaxMs,
    tracesMax: 1_000,
    worker: 0,
    workers: 1,
    ...others,
    sinceMs: originMs + sinceMs,
    untilMs: originMs + untilMs,
  });
  const text = await run(`${settings} ${sql} FORMAT JSONEachRow`);
  const rows = text.split("\n").filter((line) => line !== "");
  return rows.map((row) => JSON.parse(row));
}

/** When `traceId` settles, for somebody who asks every five seconds until `untilMs`. */
async function settledTimes(traceId: string, untilMs: number): Promise<number[]> {
  const times: number[] = [];
  for (let sinceMs = 0; sinceMs < untilMs; sinceMs += 5_000) {
    const rows = await settle({ sinceMs, untilMs: sinceMs + 5_000 });
    const row = rows.find((candidate) => candidate.traceId === traceId);
    if (row) times.push(row.settledMs - originMs);
  }
  return times;
}

test("a trace settles ten seconds after its last arrival, once", async () => {
  const trace = newTraceId();
  await arrive(trace, 1_000, 9_000);
  expect(await settledTimes(trace, 60_000)).toEqual([19_000]);
});

test("the watermark's own time is past: (since, until]", async () => {
  const trace = newTraceId();
  await arrive(trace, 1_000_000);
  const among = (rows: readonly SettledTraceRow[]) =>
    rows.map(({ traceId }) => traceId).includes(trace);
  expect(among(await settle({ sinceMs: 1_000_000, untilMs: 1_009_999 }))).toBe(false);
  expect(among(await settle({ sinceMs: 1_009_999, untilMs: 1_010_000 }))).toBe(true);
  expect(among(await settle({ sinceMs: 1_010_000, untilMs: 1_020_000, sinceTraceId: trace }))).toBe(
    false,
  );
});

test("a span that comes much later makes its trace settle once more", async () => {
  const trace = newTraceId();
  await arrive(trace, 2_000_000, 2_900_000);
  const startS = Math.floor(originMs / 1000);
  const first = await settle({ sinceMs: 2_000_000, untilMs: 2_010_000 });
  const second = await settle({ sinceMs: 2_900_000, untilMs: 2_910_000 });
  const at = { traceId: trace, fromS: startS + 2_900, toS: startS + 2_900 };
  expect(second).toEqual([expect.objectContaining({ ...at, settledMs: originMs + 2_910_000 })]);
  // Who asks late hears the same as who asked then.
  const then = { traceId: trace, fromS: startS + 2_000, toS: startS + 2_000 };
  expect(first).toEqual([expect.objectContaining({ ...then, settledMs: originMs + 2_010_000 })]);
});

test("everything is new to who asks from the beginning of time", async () => {
  const trace = newTraceId();
  await arrive(trace, 3_000_000);
  const rows = await settle({ sinceMs: -originMs, untilMs: 3_010_000 });
  expect(rows.map(({ traceId }) => traceId)).toContain(trace);
});

test("traces of one insert are paged through without a gap", async () => {
  const ids = Array.from({ length: 7 }, newTraceId).sort();
  for (const id of ids) await arrive(id, 4_000_000);
  const seen: string[] = [];
  let cursor = { sinceMs: 4_009_999, sinceTraceId: "" };
  for (;;) {
    const page = await settle({ ...cursor, untilMs: 4_020_000, tracesMax: 3 });
    const last = page.at(-1);
    if (last === undefined) break;
    seen.push(...page.map(({ traceId }) => traceId));
    cursor = { sinceMs: last.settledMs - originMs, sinceTraceId: last.traceId };
  }
  expect(seen).toEqual(ids);
});

const tickMs = 45_000;

/** Lets traces arrive at `arrivals` while somebody asks every tick; when each was answered to have settled. */
async function simulate(arrivals: ReadonlyMap<string, readonly number[]>, startMs: number) {
  const settled = new Map([...arrivals.keys()].map((id) => [id, [] as number[]]));
  const all = [...arrivals].flatMap(([id, times]) => times.map((ms) => [id, ms] as const));
  for (let sinceMs = startMs; sinceMs < startMs + 1_600_000; sinceMs += tickMs) {
    const untilMs = sinceMs + tickMs;
    await arriveAll(all.filter(([, ms]) => ms > sinceMs && ms <= untilMs));
    const ids = (await settle({ sinceMs, untilMs })).map(({ traceId }) => traceId);
    for (const id of ids) settled.get(id)!.push(untilMs);
    const isQuiet = (id: string) =>
      !arrivals.get(id)!.some((ms) => ms > untilMs - quietMs && ms <= untilMs);
    await expectOthersToAgree({ sinceMs, untilMs }, ids, isQuiet);
  }
  return settled;
}

/** The questions that look at less of the arrivals. */
async function expectOthersToAgree(
  range: Pick<SettledTracesParameters, "sinceMs" | "untilMs">,
  settled: readonly string[],
  isQuiet: (id: string) => boolean,
): Promise<void> {
  const long = await ask<SettledTraceRow>(withHexIds(longTracesQuery), range);
  expect(long.map(({ traceId }) => traceId)).toEqual(settled.filter((id) => !isQuiet(id)));
  const [count] = await ask<SettledCountRow>(settledCountQuery, range);
  expect(count!.arrivals).toBeGreaterThanOrEqual(settled.filter(isQuiet).length);
  if (count!.arrivals === 0) return;
  expect(count!.firstMs).toBeGreaterThan(originMs + range.sinceMs - quietMs);
  expect(count!.firstMs).toBeLessThanOrEqual(originMs + range.untilMs - quietMs);
}

test("every arrival is followed by a settling, at most ten minutes after the trace's first", async () => {
  const times = fc.array(fc.integer({ min: 1, max: 1_500_000 }), { minLength: 1, maxLength: 40 });
  let startMs = 5_000_000;
  await fc.assert(
    fc.asyncProperty(fc.array(times, { minLength: 1, maxLength: 10 }), async (offsetsOfTraces) => {
      startMs += 2_500_000;
      const arrivals = new Map(
        offsetsOfTraces.map((offsets) => [
          newTraceId(),
          offsets.map((offset) => startMs + offset).sort((a, b) => a - b),
        ]),
      );
      for (const [id, settled] of await simulate(arrivals, startMs)) {
        const arrived = arrivals.get(id)!;
        expect(settled.filter((ms) => ms >= arrived.at(-1)! + quietMs)).toHaveLength(1);
        expect(settled[0]).toBeLessThanOrEqual(arrived[0]! + settledMaxMs + tickMs);
        // An arrival is the last before a pause, the first of ten minutes, or both.
        expect(settled.length).toBeLessThanOrEqual(2 * arrived.length);
      }
    }),
    { numRuns: 4, endOnFailure: true },
  );
});

test("a trace whose spans never pause settles after ten minutes, and again when they end", async () => {
  const startMs = 30_000_000;
  const id = newTraceId();
  const times = Array.from({ length: 300 }, (_, i) => startMs + 1 + i * 5_000);
  const settled = (await simulate(new Map([[id, times]]), startMs)).get(id);
  const tickAfter = (ms: number) => startMs + Math.ceil((ms - startMs) / tickMs) * tickMs;
  expect(settled).toEqual([
    tickAfter(times[0]! + settledMaxMs),
    tickAfter(times.at(-1)! + quietMs),
  ]);
});

/** Calls of one insert, each of a shape of its own; nanoseconds. */
async function insertCalls(calls: readonly (readonly [string, number])[]): Promise<void> {
  const tuples = calls.map(([traceId, ns], i) => `('${traceId}', ${ns}, ${i + 1})`);
  await run(`
    INSERT INTO spans (ts, duration, trace_id, shape_id, kind)
    SELECT now64(9), toUInt64(call.2), unhex(call.1), toUInt64(call.3), 3
    FROM (SELECT arrayJoin([${tuples.join(", ")}]) AS call)`);
}

/** What `long_calls_ns` counts, and by what durations are rounded up. */
const longCallNs = 10_000_000;
const stepNs = 131_072;

test("signs of durations are never less than what the trace has, and hardly more", async () => {
  const duration = fc.oneof(
    fc.nat(2 * stepNs),
    fc.integer({ min: longCallNs - 10, max: 3 * longCallNs }),
    fc.nat(1e11),
  );
  const trace = fc.array(duration, { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.array(trace, { minLength: 1, maxLength: 40 }), async (durations) => {
      const expected = durations.map((calls) => ({ traceId: newTraceId(), calls }));
      await insertCalls(
        expected.flatMap(({ traceId, calls }) => calls.map((ns) => [traceId, ns] as const)),
      );
      const text = await run(`
        SELECT lower(hex(trace_id)), long_calls_ns, longest_call_ns, longest_other_ns
        FROM trace_arrivals WHERE long_calls_ns < 1e15 FORMAT TSV`);
      const signs = new Map(
        text
          .split("\n")
          .map((line) => [line.split("\t")[0], line.split("\t").slice(1).map(Number)]),
      );
      for (const { traceId, calls } of expected) {
        const longNs = calls.filter((ns) => ns >= longCallNs).reduce((sum, ns) => sum + ns, 0);
        const longestNs = Math.max(...calls);
        const [signLongNs, signLongestNs, signOtherNs] = signs.get(traceId)!;
        expect(signLongestNs).toBeGreaterThanOrEqual(longestNs);
        expect(signLongestNs).toBeLessThan(longestNs + stepNs);
        expect(signOtherNs).toBe(signLongestNs);
        expect(signLongNs).toBeGreaterThanOrEqual(longNs);
        expect(signLongNs).toBeLessThanOrEqual(longNs + 2 * stepNs);
        if (longNs > 0) expect(signLongNs! - signLongestNs!).toBeGreaterThan(longNs - longestNs);
      }
    }),
    { numRuns: 10 },
  );
});
