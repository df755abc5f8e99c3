import type { GuardId } from "../detector.ts";
import type { CallHistory, HourOfCalls } from "../model/call-history.ts";

/** A query takes longer than it did. */
export interface Slowdown {
  /** From this hour on, seconds since 1970. */
  readonly sinceS: number;
  /** Medians of the hours' medians. */
  readonly beforeNs: number;
  readonly nowNs: number;
  /** Rows of a call; -1: unknown. */
  readonly rowsBefore: number;
  readonly rowsNow: number;
  /** The version that came with it; null: none did. */
  readonly serviceVersion: string | null;
  /** high: a day and more is known of the time before, and of other queries that did not become slower. */
  readonly confidence: "high" | "medium";
}

/** An hour with fewer calls says little. */
const callsOfHourMin = 5;
/** What both sides of the change need: hours before, and calls on each side. */
const hoursBeforeMin = 4;
const callsMin = 30;
/** So many times as long, and so much longer, is worth telling; a busier hour does less. */
const factorMin = 1.5;
const addedNsMin = 10e6;
/** Of the hours since then, so many are slower than so many of the hours before. */
const apartShare = 0.9;
const dayS = 86_400;
const hourS = 3_600;

/**
 * Whether a query became slower than it was, and since when; else why that is not said.
 *
 *   p50 of an hour   ▁▂▁▁▂▁▁▁▂▁▆▇▆▇▆     <- the change divides the hours so that both sides are most alike in themselves
 *                    before    now
 */
export function slowdownOf({ hours, others }: CallHistory): Slowdown | GuardId {
  const usable = hours.filter(({ calls }) => calls >= callsOfHourMin);
  const change = changeOf(usable);
  if (change === null) return "few-calls";
  const before = usable.slice(0, change);
  const now = usable.slice(change);
  const [beforeNs, nowNs] = [medianOf(before), medianOf(now)];
  if (nowNs < factorMin * beforeNs || nowNs - beforeNs < addedNsMin) return "as-ever";
  if (now.at(-1)!.p50Ns < Math.sqrt(beforeNs * nowNs)) return "fast-again";
  const fast = quantileOf(before, apartShare);
  const slower = now.filter(({ p50Ns }) => p50Ns > fast);
  if (slower.length < apartShare * now.length) return "unsteady";
  if (now.some((hour) => wasAsSlowAt(hour, before))) return "time-of-day";
  const sinceS = now[0]!.hourS;
  const ofOthers = factorsOf(others, sinceS);
  if (ofOthers.length > 0 && median(ofOthers) ** 2 > nowNs / beforeNs) return "database-slower";
  const serviceVersion = newVersionOf(before, now[0]!);
  if (serviceVersion !== null && now.length === 1) return "fresh-deploy";
  const isProved = now[0]!.hourS - before[0]!.hourS >= dayS && ofOthers.length > 0;
  return {
    sinceS,
    beforeNs,
    nowNs,
    rowsBefore: rowsOf(before),
    rowsNow: rowsOf(now),
    serviceVersion,
    confidence: isProved ? "high" : "medium",
  };
}

/** Place of the first hour after the change; null: too little is known to say so of any hour. */
function changeOf(hours: readonly HourOfCalls[]): number | null {
  let best: number | null = null;
  let leastSpread = Infinity;
  for (let at = hoursBeforeMin; at < hours.length; at++) {
    const [before, now] = [hours.slice(0, at), hours.slice(at)];
    if (countCalls(before) < callsMin || countCalls(now) < callsMin) continue;
    const spread = spreadOf(before) + spreadOf(now);
    if (spread < leastSpread) [best, leastSpread] = [at, spread];
  }
  return best;
}

/** Σ of squares of how far each hour is from their mean, in times and not in milliseconds. */
function spreadOf(hours: readonly HourOfCalls[]): number {
  const logs = hours.map(({ p50Ns }) => Math.log(Math.max(1, p50Ns)));
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  return logs.reduce((sum, log) => sum + (log - mean) ** 2, 0);
}

function countCalls(hours: readonly HourOfCalls[]): number {
  return hours.reduce((sum, { calls }) => sum + calls, 0);
}

function medianOf(hours: readonly HourOfCalls[]): number {
  return quantileOf(hours, 0.5);
}

function quantileOf(hours: readonly HourOfCalls[], share: number): number {
  const sorted = hours.map(({ p50Ns }) => p50Ns).sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1]!;
}

/** It was about as slow on another day, within an hour of the same time: what runs each night comes again each night. */
function wasAsSlowAt(now: HourOfCalls, before: readonly HourOfCalls[]): boolean {
  return before.some((hour) => {
    const apart = (now.hourS - hour.hourS) % dayS;
    return Math.min(apart, dayS - apart) <= hourS && now.p50Ns < factorMin * hour.p50Ns;
  });
}

/** By how much each of the other queries takes longer since then. */
function factorsOf(others: CallHistory["others"], sinceS: number): number[] {
  return others.flatMap((hours) => {
    const before = hours.filter((hour) => hour.hourS < sinceS);
    const now = hours.filter((hour) => hour.hourS >= sinceS);
    if (countCalls(before) < callsMin || countCalls(now) < callsMin) return [];
    return medianOf(now) / Math.max(1, medianOf(before));
  });
}

function newVersionOf(before: readonly HourOfCalls[], first: HourOfCalls): string | null {
  const known = new Set(before.flatMap(({ serviceVersions }) => serviceVersions));
  const isNew = (version: string) => version !== "" && !known.has(version);
  return first.serviceVersions.find(isNew) ?? null;
}

function rowsOf(hours: readonly HourOfCalls[]): number {
  const known = hours.filter(({ rows }) => rows >= 0).map(({ rows }) => rows);
  return known.length === 0 ? -1 : median(known);
}
