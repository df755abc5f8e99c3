import fc from "fast-check";
import { expect, test } from "vitest";
import { arbitrarySpans, toNode } from "../../test/support/arbitrary-trace.ts";
import { buildTrace, inSequence, query, type SpanNode } from "../../test/support/trace-builder.ts";
import { criticalPathProfile, type ProfiledTrace } from "./critical-path-profile.ts";

const orders = (endMs: number, children: SpanNode[], weight = 1): ProfiledTrace => ({
  trace: buildTrace([
    { name: "GET /orders", kind: 2, weight, httpRequestMethod: "GET", httpRoute: "/orders" },
    0,
    endMs,
    ...children,
  ]),
  endpointSpan: 0,
});

test("equal siblings are one row, and a query is called by its summary", () => {
  const call = { ...query, name: "pg.query:SELECT shop" };
  const { rows, meanDurationNs } = criticalPathProfile([orders(100, inSequence(call, 4, 15))]);
  expect(meanDurationNs).toBe(100e6);
  expect(rows).toEqual([
    {
      path: ["GET /orders", "SELECT users"],
      service: "shop",
      presence: 1,
      meanSelfNs: 60e6,
      share: 0.6,
      shareOfSlow: 0.6,
    },
    {
      path: ["GET /orders"],
      service: "shop",
      presence: 1,
      meanSelfNs: 40e6,
      share: 0.4,
      shareOfSlow: 0.4,
    },
  ]);
});

test("one name below two parents is two rows", () => {
  const { rows } = criticalPathProfile([
    orders(100, [
      ["a", 0, 50, ["load", 0, 40]],
      ["b", 50, 100, ["load", 50, 70]],
    ]),
  ]);
  expect(rows.map(({ path }) => path.join(" > "))).toEqual([
    "GET /orders > a > load",
    "GET /orders > b",
    "GET /orders > b > load",
    "GET /orders > a",
  ]);
});

test("presence, mean and share are over all traces, and the slow ones have a share of their own", () => {
  const fast = Array.from({ length: 19 }, () => orders(10, []));
  const slow = orders(810, [["lock", 0, 800]]);
  const { traces, rows } = criticalPathProfile([...fast, slow]);
  const lock = rows.find(({ path }) => path[1] === "lock")!;
  expect(traces).toBe(20);
  expect(lock.presence).toBe(0.05);
  expect(lock.meanSelfNs).toBe(40e6);
  expect(lock.share).toBe(0.8);
  expect(lock.shareOfSlow).toBeCloseTo(800 / 810);
});

test("a trace that stands for nine counts nine times", () => {
  const { meanDurationNs, rows } = criticalPathProfile([
    orders(100, [["a", 0, 100]], 9),
    orders(50, []),
  ]);
  expect(meanDurationNs).toBe(95e6);
  expect(rows[0]).toMatchObject({ path: ["GET /orders", "a"], presence: 0.9, meanSelfNs: 90e6 });
});

test("no traces, no rows; rows beyond the limit are left out, least time first", () => {
  expect(criticalPathProfile([])).toEqual({ traces: 0, meanDurationNs: 0, rows: [] });
  const { rows } = criticalPathProfile(
    [
      orders(100, [
        ["a", 0, 60],
        ["b", 60, 70],
      ]),
    ],
    { rowsMax: 2 },
  );
  expect(rows.map(({ path }) => path.at(-1))).toEqual(["a", "GET /orders"]);
});

test("the rows sum to the mean duration, however deep the trace is", () => {
  const sumOf = (traces: ProfiledTrace[]) => {
    const { rows, meanDurationNs } = criticalPathProfile(traces);
    return [rows.reduce((sum, { meanSelfNs }) => sum + meanSelfNs, 0), meanDurationNs] as const;
  };
  fc.assert(
    fc.property(fc.array(arbitrarySpans(), { minLength: 1, maxLength: 5 }), (trees) => {
      const traces = trees.map((spans) => {
        const trace = buildTrace(toNode(spans));
        return { trace, endpointSpan: trace.name.indexOf("s0") };
      });
      const [sum, mean] = sumOf(traces);
      expect(sum).toBeCloseTo(mean, 0);
    }),
  );
  let chain: SpanNode = ["leaf", 99, 100];
  for (let i = 98; i > 0; i--) chain = [`s${i}`, i, 100, chain];
  expect(sumOf([orders(100, [chain])])).toEqual([100e6, 100e6]);
});
