import fc from "fast-check";
import { expect, test } from "vitest";
import { arbitrarySpans, pickSpans, toNode } from "../../test/support/arbitrary-trace.ts";
import { buildColumns, buildTrace } from "../../test/support/trace-builder.ts";
import { columnNames } from "./span-rows.ts";
import { childrenOf, toTraceView } from "./trace-view.ts";

test("times are exact to the nanosecond, though a double can't hold today's", () => {
  const columns = buildColumns(["a", 0, 1, ["b", 0.000001, 0.000003]]);
  const trace = toTraceView("t", columns);
  const epoch = BigInt(columns.startS[0]!) * 1_000_000_000n + BigInt(columns.startNs[0]!);
  expect(trace.startTimeUnixNano).toBe(epoch);
  expect(Number.isSafeInteger(Number(epoch))).toBe(false);
  expect([...trace.start]).toEqual([0, 1]);
  expect([...trace.end]).toEqual([1_000_000, 3]);
});

test("a start in the second before is negative in no span", () => {
  const columns = { ...buildColumns(["a", 0, 1], ["b", 0, 1]), startS: [10, 9], startNs: [5, 7] };
  const trace = toTraceView("t", columns);
  expect(trace.name).toEqual(["b", "a"]);
  expect([...trace.start]).toEqual([0, 999_999_998]);
  expect(trace.startTimeUnixNano).toBe(9_000_000_007n);
});

test("a call begins with its wait for a connection, but not before the trace", () => {
  const columns = buildColumns(["a", 0, 9, ["b", 2, 3], ["c", 4, 6]], ["d", 1, 2]);
  const trace = toTraceView("t", { ...columns, poolWaitNs: [0, 1.5e6, 3e6, 5e6] });
  expect(trace.name).toEqual(["a", "d", "b", "c"]);
  expect([...trace.start]).toEqual([0, 0, 0.5e6, 1e6]);
  expect([...trace.end]).toEqual([9e6, 2e6, 3e6, 6e6]);
});

test("spans are in order of start, longer first, then by span id", () => {
  const trace = buildTrace(["root", 0, 9, ["b", 2, 3], ["c", 1, 2], ["d", 1, 5], ["e", 1, 2]]);
  expect(trace.name).toEqual(["root", "d", "c", "e", "b"]);
  expect([...childrenOf(trace, 0)].map((i) => trace.name[i])).toEqual(["d", "c", "e", "b"]);
});

test("a span whose parent is not here is a root, and counted", () => {
  const trace = buildTrace(["a", 0, 9, [{ name: "b", parentSpanId: "00000000000000ff" }, 1, 2]]);
  expect(trace.roots.map((i) => trace.name[i])).toEqual(["a", "b"]);
  expect(trace.orphans).toBe(1);
});

test("its own parent, or its grandchild's child: a cycle is cut once and counted", () => {
  const itself = buildTrace([{ name: "a", parentSpanId: "0000000000000001" }, 0, 1]);
  expect([itself.roots, itself.orphans]).toEqual([[0], 1]);
  const ring = buildTrace([
    { name: "a", parentSpanId: "0000000000000003" },
    0,
    9,
    ["b", 1, 8, ["c", 2, 7]],
  ]);
  expect([ring.roots, ring.orphans]).toEqual([[0], 1]);
  expect([...ring.parent]).toEqual([-1, 0, 1]);
});

test("the order of arrival changes nothing", () => {
  const shuffled = arbitrarySpans().chain((spans) => {
    const all = spans.map((_, i) => i);
    return fc.tuple(
      fc.constant(buildColumns(toNode(spans))),
      fc.shuffledSubarray(all, { minLength: all.length }),
    );
  });
  fc.assert(
    fc.property(shuffled, ([columns, order]) => {
      const [shuffledTrace, trace] = [pickSpans(columns, order), columns].map((from) =>
        toTraceView("t", from),
      );
      expect(shuffledTrace).toEqual(trace);
      for (const name of columnNames) expect(shuffledTrace![name]).toEqual(trace![name]);
    }),
  );
});

test("whatever the parents say, every span hangs below exactly one root", () => {
  const parents = fc.array(fc.nat(20), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(parents, (parentNumbers) => {
      const nodes = parentNumbers.map((parent, i) => {
        const parentSpanId = parent === 0 ? "" : parent.toString(16).padStart(16, "0");
        return [{ name: `s${i}`, parentSpanId }, i, i + 1] as const;
      });
      const trace = buildTrace(...nodes);
      const seen: number[] = [];
      const open = [...trace.roots];
      for (let span = open.pop(); span !== undefined; span = open.pop()) {
        seen.push(span);
        open.push(...childrenOf(trace, span));
      }
      expect(seen.sort((a, b) => a - b)).toEqual(trace.name.map((_, i) => i));
      const named = parentNumbers.filter((parent) => parent === 0).length;
      expect(trace.roots).toHaveLength(named + trace.orphans);
    }),
  );
});
