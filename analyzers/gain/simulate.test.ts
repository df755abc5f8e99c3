import { describe, expect, test } from "vitest";
import {
  buildTrace,
  inParallel,
  inSequence,
  query,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import type { TraceChange } from "../detector.ts";
import type { SpanIndex } from "../model/trace-view.ts";
import { simulate } from "./simulate.ts";

/** After merging the queries, in milliseconds. */
function merge(...children: SpanNode[]) {
  const trace = buildTrace(["GET /orders", 0, 100, ...children]);
  const spans = trace.name.flatMap((name, i) => (name === query.name ? [i] : []));
  const after = simulate(trace, 0, [{ kind: "merge-calls", spans }]);
  return Object.values(after).map((ns) => Math.round(ns / 1e5) / 10);
}

describe("merging calls one after the other", () => {
  test("no change, no gain", () => {
    const trace = buildTrace(["GET /orders", 0, 100, ...inSequence(query, 5, 10, { gapMs: 3 })]);
    const same = { pessimistic: 100e6, expected: 100e6, optimistic: 100e6 };
    expect(simulate(trace, 0, [])).toEqual(same);
  });

  test("one after the other: one call is left, with or without the gaps", () => {
    // 20 calls of 3 ms with 2 ms between, from 0 to 98: one call of 3 ms, and 6, 1.2 or 0 ms for the rows.
    const loop = inSequence(query, 20, 3, { gapMs: 2 });
    expect(merge(...loop)).toEqual([3 + 6 + 38 + 2, 3 + 1.2 + 3.8 + 2, 3 + 2]);
  });

  test("what comes after the loop moves up", () => {
    const loop = inSequence(query, 5, 10);
    expect(merge(...loop, ["render", 60, 90])[2]).toBe(10 + 10 + 30 + 10);
  });

  test("beside something that takes longer: nothing is won", () => {
    expect(merge(["stock", 0, 95], ...inSequence(query, 9, 10))).toEqual([100, 100, 100]);
  });

  test("beside something: at most down to its end", () => {
    expect(merge(["stock", 0, 40], ...inSequence(query, 9, 10))[2]).toBe(40 + 10);
  });

  test("a pool's checkout, an ORM's span and a resolver around each call go with it", () => {
    const loop = inSequence(query, 9, 10).map(
      ([call, start, end]): SpanNode => ["resolve", start, end, [call, start + 2, end - 2]],
    );
    // Of nine resolvers of 10 ms the first stays: 2 + 6 + 2, 1.08 for rows, a tenth of the others' 32; the tail is 10.
    expect(merge(...loop)).toEqual([9 * 4 + 6 + 5.4 + 10, 24.3, 10 + 10]);
  });
});

describe("merging calls", () => {
  test("all at once: nothing is won", () => {
    expect(merge(...inParallel(query, 9, 20))).toEqual([100, 100, 100]);
  });

  test("the calls wait for each other's connection: the merged one waits as long as the one that waited least", () => {
    // Two connections for six calls of 10 ms; the later ones wait 10 and 20 ms before.
    const waiting = (waitMs: number): SpanNode => [
      { ...query, poolWaitNs: waitMs * 1e6 },
      0,
      waitMs + 10,
    ];
    const [pessimistic, expected, optimistic] = merge(...[0, 0, 10, 10, 20, 20].map(waiting));
    expect([pessimistic, expected, optimistic]).toEqual([10 + 6 + 70, 10 + 1.2 + 70, 10 + 70]);
  });

  test("calls at once slow each other down: one alone is like one of the faster half, or like the fastest", () => {
    const calls = [10, 20, 30, 40, 50].map((ms): SpanNode => [query, 0, ms]);
    // At worst it is any of them: here the middle one, and of the faster half the second.
    expect(merge(...calls)).toEqual([30 + 15 + 50, 20 + 3 + 50, 10 + 50]);
  });

  test("the merged call is any of the calls, each as often", () => {
    const lengths = [1, 2, 3, 4, 30];
    const loop = lengths.map((ms, i): SpanNode => [query, i * 10, i * 10 + ms]);
    const trace = buildTrace(["GET /orders", 0, 70, ...loop]);
    const spans = [1, 2, 3, 4, 5];
    const left = Array.from({ length: 500 }, (_, n) => {
      const draw = (n * 0.618034) % 1;
      return simulate(trace, 0, [{ kind: "merge-calls", spans }], { draw }).expected;
    });
    const times = [...Map.groupBy(left, (ns) => ns).values()].map(({ length }) => length);
    expect(times).toHaveLength(lengths.length);
    for (const count of times) expect(count).toBeCloseTo(100, -1);
  });

  test("a summary span keeps the gaps between its calls, unless they are assumed away", () => {
    const summary = {
      ...query,
      repeats: 90,
      repeatDurationSumNs: 45e6,
      repeatDurationUnionNs: 45e6,
      repeatDistinctParams: 90,
    };
    const [pessimistic, , optimistic] = merge(...inSequence(query, 10, 0.5), [summary, 5, 95]);
    expect(pessimistic).toBe(0.5 + 5 + 45 + 5);
    expect(optimistic).toBe(0.5 + 5);
  });

  test("two changes: each keeps a first call, and calls at once take nothing from the other's gain", () => {
    const other = { ...query, name: "SELECT stock" };
    const trace = buildTrace([
      "GET /orders",
      0,
      100,
      ...inSequence(query, 5, 10),
      ...inParallel(other, 20, 10, { fromMs: 50 }),
    ]);
    const changes = [query, other].map(({ name }) => ({
      kind: "merge-calls" as const,
      spans: trace.name.flatMap((at, i) => (at === name ? [i] : [])),
    }));
    const { pessimistic, optimistic } = simulate(trace, 0, changes);
    expect(pessimistic).toBe(10e6 + 5e6 + 10e6 + 40e6);
    expect(optimistic).toBe(10e6 + 10e6 + 40e6);
  });

  test("what outlives the endpoint counts up to the endpoint's end, and moves with it", () => {
    expect(merge(...inSequence(query, 5, 10), ["background", 50, 200])[2]).toBe(10 + 50);
  });

  test("in another service, behind a skewed clock", () => {
    const client = { name: "GET", kind: 3 };
    const server = { name: "GET /stock", kind: 2, service: "stock", resourceId: "2" };
    const loop = inSequence(query, 5, 10, { fromMs: 500 });
    expect(merge([client, 10, 80, [server, 500, 560, ...loop]])[2]).toBe(100 - 40);
  });

  test("calls that overlap by a clock's tick still wait for each other", () => {
    const loop = Array.from({ length: 9 }, (_, i): SpanNode => [query, i * 10, i * 10 + 10.01]);
    expect(merge(...loop)[0]).toBeCloseTo(10 + 9 + 10, 0);
  });
});

describe("dropping repeats", () => {
  const drop = (...children: SpanNode[]) => {
    const trace = buildTrace(["GET /orders", 0, 100, ...children]);
    const spans = trace.name.flatMap((name, i) => (name === query.name ? [i] : []));
    const { pessimistic, expected, optimistic } = simulate(trace, 0, [
      { kind: "drop-repeats", spans },
    ]);
    return [pessimistic / 1e6, expected / 1e6, optimistic / 1e6];
  };

  test("the first call is left, without a share for rows, with or without the gaps", () => {
    // 20 calls of 3 ms with 2 ms between: 3 ms, 38, 3.8 or 0 ms of gaps, 2 ms at the end.
    expect(drop(...inSequence(query, 20, 3, { gapMs: 2 }))).toEqual([43, 8.8, 5]);
  });

  test("the call that is left is the first as it was, however long its repeats take", () => {
    expect(drop([query, 0, 5], [query, 5, 45], [query, 45, 46])).toEqual([59, 59, 59]);
    expect(drop([query, 0, 40], [query, 40, 45], [query, 45, 46])).toEqual([94, 94, 94]);
  });

  test("all at once: nothing is won", () => {
    expect(drop(...inParallel(query, 9, 20))).toEqual([100, 100, 100]);
  });

  test("a summary span is one of its calls", () => {
    const summary = {
      ...query,
      repeats: 90,
      repeatDurationSumNs: 45e6,
      repeatDurationUnionNs: 45e6,
      repeatDistinctParams: 1,
    };
    expect(drop([summary, 0, 90])).toEqual([0.5 + 45 + 10, 0.5 + 4.5 + 10, 0.5 + 10]);
  });
});

/** After the change of the calls named "a", "b" …, in milliseconds. */
function change(
  kind: TraceChange["kind"],
  names: string,
  nodes: SpanNode[],
  removableMs?: number[],
  leftShare?: number,
) {
  const trace = buildTrace(["GET /orders", 0, 100, ...nodes]);
  const spans = trace.name.flatMap((name, i) => (names.includes(name) ? [i] : []));
  const removableNs = removableMs?.map((ms) => ms * 1e6);
  const after = simulate(trace, 0, [
    { kind, spans, ...(removableNs && { removableNs }), ...(leftShare && { leftShare }) },
  ]);
  return Object.values(after).map((ns) => Math.round(ns / 1e5) / 10);
}

describe("calls at the same time", () => {
  const call = (name: string, start: number, end: number): SpanNode => [
    { ...query, name, shapeId: name },
    start,
    end,
  ];
  const chain = [call("a", 0, 20), call("b", 25, 65), call("c", 65, 75)];

  test("they take as long as the longest beside the others; what lies between them stays", () => {
    // 40 ms of 70; 5 ms between, 25 ms after. Of the other 30 ms some is added: a seventh, were all as long.
    const [pessimistic, expected, optimistic] = change("make-parallel", "abc", chain);
    expect(optimistic).toBe(40 + 30);
    expect(expected).toBeGreaterThan(40 + 30 / 8 + 30);
    expect(expected).toBeLessThan(40 + 30 / 4 + 30);
    expect(pessimistic).toBeGreaterThan(40 + 30 / 2 + 30);
    expect(pessimistic).toBeLessThan(100);
  });

  test("what a sample tells of how they slow each other down counts instead", () => {
    const trace = buildTrace(["GET /orders", 0, 100, ...chain]);
    const b = trace.name.indexOf("b");
    const stretches = new Map([[b, { pessimistic: 9, expected: 1.5, optimistic: 1 }]]);
    const changes = [{ kind: "make-parallel" as const, spans: [b - 1, b, b + 1] }];
    const { pessimistic, expected, optimistic } = simulate(trace, 0, changes, { stretches });
    // At worst slower than one after the other: others wait for the same server.
    expect([pessimistic, expected, optimistic]).toEqual([360e6 + 30e6, 60e6 + 30e6, 70e6]);
  });

  test("beside something that takes longer: nothing is won", () => {
    const nodes: SpanNode[] = [
      ["other", 0, 95],
      ["a", 0, 40],
      ["b", 40, 90],
    ];
    expect(change("make-parallel", "ab", nodes)).toEqual([100, 100, 100]);
  });
});

describe("what other traces show not to be waited for", () => {
  // Two chains at once: a then b, and x then y; by chance y begins after a's end.
  const trace = buildTrace([
    "GET /orders",
    0,
    100,
    ["a", 0, 50],
    ["x", 0, 60],
    ["b", 50, 70],
    ["y", 60, 90],
  ]);
  const [a, x, b, y] = ["a", "x", "b", "y"].map((name) => trace.name.indexOf(name));
  const changes = [{ kind: "remove-wait" as const, spans: [x!] }];
  const isIndependent = (earlier: SpanIndex, later: SpanIndex) =>
    (earlier === a && later === y) || (earlier === x && later === b);

  test("is waited for at worst only", () => {
    const kept = simulate(trace, 0, changes);
    const learned = simulate(trace, 0, changes, { isIndependent });
    // Kept: y waits for a, 50 + 10 for the gap + 30 + 10. Learned: x, y; then b decides, 70 + 10.
    expect(kept.optimistic).toBe(90e6);
    expect(learned.optimistic).toBe(80e6);
    expect(learned.pessimistic).toBe(kept.pessimistic);
  });

  test("changes nothing when nothing is fixed", () => {
    const same = { pessimistic: 100e6, expected: 100e6, optimistic: 100e6 };
    expect(simulate(trace, 0, [], { isIndependent })).toEqual(same);
    expect(b).not.toBe(-1);
  });
});

describe("spans that become shorter", () => {
  test("by a share of what can go, or of all of it", () => {
    expect(change("speed-up", "a", [["a", 0, 80]])).toEqual([60, 36, 24]);
    expect(change("speed-up", "a", [["a", 0, 80]], [40])).toEqual([80, 68, 62]);
    expect(change("remove-wait", "a", [["a", 0, 80]], [40])).toEqual([80, 64, 60]);
  });

  test("a query that returns few rows has more to lose than one that returns many", () => {
    const sped = (returnedRows: number) => {
      const span = { ...query, name: "a", returnedRows };
      return change("speed-up", "a", [[span, 0, 80]]);
    };
    expect(sped(20)).toEqual([36, 21.6, 20]);
    expect(sped(5_000)).toEqual([60, 36, 24]);
  });

  test("those who hold what is waited for hold it for a fifth of the time: at worst a fifth of the wait is left", () => {
    const waits = change("hold-shorter", "a", [["a", 0, 80]], [50], 0.2);
    expect(waits).toEqual([100 - 40, 100 - 48, 100 - 50]);
  });

  test("a page of at most a fifth: of the query at worst half goes, of the request's own time four fifths", () => {
    const trace = buildTrace(["GET /orders", 0, 100, [query, 0, 50]]);
    const removableNs = [50e6, 50e6];
    const page = { kind: "read-page" as const, spans: [1, 0], removableNs, leftShare: 0.2 };
    const { pessimistic, expected, optimistic } = simulate(trace, 0, [page]);
    expect([pessimistic, expected, optimistic]).toEqual([25e6 + 10e6, 1e6 + 1e6, 0]);
  });

  test("what a span loses of its own time is beside what is below it", () => {
    const nodes: SpanNode[] = [["a", 0, 90, ["b", 0, 60]]];
    // Of 30 ms of its own 27 go, whatever b does.
    expect(change("remove-wait", "a", nodes, [30])[1]).toBe(10 + 60 + 3);
  });

  test("never by more than they take", () => {
    expect(change("remove-wait", "a", [["a", 0, 10]], [400])[2]).toBe(90);
  });

  test("the more can go, the less is left", () => {
    const at = (ms: number) =>
      change(
        "remove-wait",
        "ab",
        [
          ["a", 0, 50],
          ["b", 30, 90],
        ],
        [ms, ms],
      );
    for (let ms = 0; ms < 60; ms += 5) {
      for (const [i, after] of at(ms + 5).entries()) expect(after).toBeLessThanOrEqual(at(ms)[i]!);
    }
  });

  test("what nobody waits for wins nothing", () => {
    const trace = buildTrace(["GET /orders", 0, 100, ["a", 10, 300]]);
    const changes = [{ kind: "speed-up" as const, spans: [1] }];
    expect(simulate(trace, 0, changes).optimistic).toBeLessThan(50e6);
    expect(simulate(trace, 0, changes, { isUnawaited: (span) => span === 1 }).optimistic).toBe(
      100e6,
    );
  });
});
