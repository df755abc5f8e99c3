import {
  type CallHistoryParameters,
  type CallHistoryRow,
  callHistoryQuery,
} from "../../storage/queries/call-history.ts";
import { type CoverageRow, coverageQuery } from "../../storage/queries/coverage.ts";
import type { Store } from "../../storage/store.ts";
import type { CallHistory } from "../model/call-history.ts";

/** A query of one service. */
export interface CallKey {
  readonly service: string;
  readonly environment: string;
  readonly shapeId: string;
}

/** A week: both its days at work and its weekend. */
const hoursMax = 168;
/** These are read whatever is stored; of the hours before them as many as hold so many spans, evenly. */
const recentHours = 3;
const spansMax = 5_000_000;
const rowsMax = 20_000;
/** Other queries whose hours are compared. */
const othersMax = 20;
const hourMs = 3_600_000;

/** What is stored of each of the calls' last seven days, in the order asked for. */
export async function readCallHistories(
  store: Store,
  wanted: readonly CallKey[],
  nowMs: number,
): Promise<CallHistory[]> {
  if (wanted.length === 0) return [];
  const [stored] = await store.select<CoverageRow>(coverageQuery, {
    sinceS: Math.floor(nowMs / 1000),
  });
  const parameters: CallHistoryParameters = {
    services: [...new Set(wanted.map(({ service }) => service))],
    shapes: [...new Set(wanted.map(({ shapeId }) => shapeId))],
    hoursS: hoursToRead(nowMs, stored?.spansStored ?? 0).map(String),
    rowsMax,
  };
  const rows = await store.select<CallHistoryRow>(callHistoryQuery, parameters);
  return wanted.map((key) => historyOf(key, rows));
}

/**
 * Of much that is stored not every hour is read. What is left out never falls on the same hours of all days: the step has
 * no factor in common with 24.
 */
function hoursToRead(nowMs: number, spansStored: number): number[] {
  const steps = [1, 5, 7, 11, 13, 17, 19, 23];
  const step = steps.find((each) => spansStored / each <= spansMax) ?? 23;
  const lastS = Math.floor(nowMs / hourMs) * 3600;
  return Array.from({ length: hoursMax }, (_, i) => i)
    .filter((i) => i < recentHours || i % step === 0)
    .map((i) => lastS - i * 3600);
}

function historyOf(key: CallKey, rows: readonly CallHistoryRow[]): CallHistory {
  const isSameService = (row: CallHistoryRow) =>
    row.service === key.service && row.environment === key.environment;
  const own = rows.filter((row) => isSameService(row) && row.shapeId === key.shapeId);
  const databases = new Set(own.map(({ database }) => database));
  const others = Map.groupBy(
    rows.filter(
      (row) => isSameService(row) && row.shapeId !== key.shapeId && databases.has(row.database),
    ),
    ({ shapeId }) => shapeId,
  );
  return { hours: byTime(own), others: [...others.values()].slice(0, othersMax).map(byTime) };
}

/** A shape that is asked of two databases has two rows an hour: the one with more calls stands for it. */
function byTime(rows: readonly CallHistoryRow[]): CallHistory["hours"] {
  const hours = new Map<number, CallHistoryRow>();
  for (const row of rows) {
    const known = hours.get(row.hourS);
    if (!known || row.calls > known.calls) hours.set(row.hourS, row);
  }
  return [...hours.values()].sort((a, b) => a.hourS - b.hourS);
}
