import { describe, expect, test } from "vitest";
import type { HourOfCalls } from "../model/call-history.ts";
import { type Slowdown, slowdownOf } from "./slowdown.ts";

const firstS = 1_795_305_600;
const ms = 1e6;

/** An hour for each median in milliseconds, one after the other; null: an hour without calls. */
function hoursOf(
  medians: readonly (number | null)[],
  fields: Partial<HourOfCalls> | ((hour: number) => Partial<HourOfCalls>) = {},
): HourOfCalls[] {
  return medians.flatMap((p50Ms, hour) =>
    p50Ms === null
      ? []
      : {
          hourS: firstS + hour * 3600,
          calls: 60,
          p50Ns: p50Ms * ms,
          rows: 3,
          serviceVersions: ["1"],
          ...(typeof fields === "function" ? fields(hour) : fields),
        },
  );
}

const flat = (p50Ms: number, hours: number) => Array.from({ length: hours }, () => p50Ms);
/** A little up and down, as hours are. */
const around = (p50Ms: number, hours: number) =>
  Array.from({ length: hours }, (_, i) => p50Ms * (1 + ((i * 7) % 5) / 20));
const stepUp = [...around(20, 30), ...around(100, 10)];

const judge = (
  medians: readonly (number | null)[],
  others: readonly (readonly number[])[] = [around(5, medians.length)],
  fields: Parameters<typeof hoursOf>[1] = {},
) => slowdownOf({ hours: hoursOf(medians, fields), others: others.map((each) => hoursOf(each)) });

describe("a query did not become slower", () => {
  test.each<[string, Slowdown | string, string]>([
    ["it takes what it always took", judge(around(100, 40)), "as-ever"],
    ["it became faster", judge([...around(100, 30), ...around(20, 10)]), "as-ever"],
    [
      "a third longer is what a busy day does",
      judge([...flat(100, 30), ...flat(133, 10)]),
      "as-ever",
    ],
    ["a short one, three times as long", judge([...flat(3, 30), ...flat(9, 10)]), "as-ever"],
    ["nothing is stored of it", judge([]), "few-calls"],
    ["it is asked for the first time", judge(flat(100, 3)), "few-calls"],
    ["a few calls an hour", judge(stepUp, [], { calls: 4 }), "few-calls"],
    [
      "one slow hour of few calls",
      judge([...around(20, 30), 100], [], (hour) => ({ calls: hour < 30 ? 60 : 20 })),
      "as-ever",
    ],
    [
      "it goes up and down all the time",
      judge(Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? 100 : 20 + (i > 30 ? 60 : 0)))),
      "unsteady",
    ],
    [
      "it was slow for some hours, and is fast again",
      judge([...around(20, 30), ...flat(100, 8), 20, 20]),
      "fast-again",
    ],
    [
      "each night at two",
      judge(Array.from({ length: 75 }, (_, hour) => (hour % 24 === 2 ? 100 : 20))),
      "time-of-day",
    ],
    [
      "each night, half an hour earlier or later",
      judge([...flat(20, 24), 90, ...flat(20, 22), 100]),
      "time-of-day",
    ],
    [
      "the whole database is slower",
      judge(stepUp, [stepUp, [...around(5, 30), ...around(20, 10)], around(2, 40)]),
      "database-slower",
    ],
    [
      "the first hour of a new version: nothing is in memory yet",
      judge([...around(20, 30), 100], [], (hour) => ({ serviceVersions: [hour < 30 ? "1" : "2"] })),
      "fresh-deploy",
    ],
  ])("%s", (_title, judged, guard) => {
    expect(judged).toBe(guard);
  });
});

describe("a query became slower", () => {
  test("since when, from what to what, and with which version", () => {
    const judged = judge(stepUp, undefined, (hour) => ({
      serviceVersions: hour < 28 ? ["1"] : hour < 30 ? ["1", "1.1"] : ["1.1", "2"],
      rows: hour < 30 ? 3 : 30,
    }));
    expect(judged).toMatchObject({
      sinceS: firstS + 30 * 3600,
      rowsBefore: 3,
      rowsNow: 30,
      serviceVersion: "2",
      confidence: "high",
    });
    const { beforeNs, nowNs } = judged as Slowdown;
    expect(beforeNs / ms).toBeCloseTo(22, 0);
    expect(nowNs / ms).toBeCloseTo(110, 0);
  });

  test("without a new version; and where rows are unknown", () => {
    expect(judge(stepUp, undefined, { rows: -1 })).toMatchObject({
      serviceVersion: null,
      rowsBefore: -1,
      rowsNow: -1,
    });
  });

  test("in the last hour, of a version that was there before", () => {
    expect(judge([...around(20, 30), 100])).toMatchObject({ sinceS: firstS + 30 * 3600 });
  });

  test("over hours without calls", () => {
    const holes = stepUp.map((each, hour) => (hour % 4 === 1 ? null : each));
    expect(judge(holes)).toMatchObject({ sinceS: firstS + 30 * 3600, confidence: "high" });
  });

  test("one of many other queries did, too", () => {
    expect(judge(stepUp, [stepUp, around(5, 40), around(2, 40)])).toMatchObject({
      confidence: "high",
    });
  });

  test("of less than a day before, or without other queries to compare with, it is less sure", () => {
    expect(judge(stepUp, [])).toMatchObject({ confidence: "medium" });
    expect(judge([...around(20, 8), ...around(100, 4)])).toMatchObject({ confidence: "medium" });
  });
});
