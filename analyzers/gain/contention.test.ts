import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildTraceAt, query, type SpanNode } from "../../test/support/trace-builder.ts";
import type { SpanIndex } from "../model/trace-view.ts";
import { contentionOf, type Stretch } from "./contention.ts";
import { createRandom } from "./random.ts";
import { simulate } from "./simulate.ts";

/** What one request does: calls by name and how long each takes, one after the other. */
type Request = readonly (readonly [name: string, ms: number])[];

const page: Request = [
  ["a", 30],
  ["b", 40],
  ["c", 30],
];

interface Options {
  /** From the start of one request to the next; in the mean, where they are independent. */
  readonly everyMs: number;
  readonly isIndependent?: boolean;
  readonly requests?: number;
  /** Calls that are worked on at once; none: they wait for nobody. */
  readonly processors?: number;
  /** By how much calls differ, whatever runs beside them. */
  readonly noise?: number;
  readonly serverOf?: (name: string) => string;
}

/** Traces as a server with so many processors makes them. */
function sampleOf({ processors = Infinity, serverOf = () => "db", ...options }: Options) {
  const { needs, startsMs } = arrivalsOf(options);
  return serve(needs, startsMs, processors).map((ends, request) => {
    const calls = page.map(
      ([name], i): SpanNode => [
        { ...query, name, shapeId: name, serverAddress: serverOf(name) },
        i === 0 ? 0 : ends[i - 1]!,
        ends[i]!,
      ],
    );
    const trace = buildTraceAt(startsMs[request]!, ["GET /", 0, ends.at(-1)!, ...calls]);
    const spans = page.map(([name]) => trace.name.indexOf(name));
    return { trace, changes: [{ kind: "make-parallel" as const, spans }] };
  });
}

/** When requests come, and what each of their calls needs, in milliseconds. */
function arrivalsOf({ everyMs, requests = 60, noise = 0, isIndependent }: Options) {
  const random = createRandom("noise");
  const needs = Array.from({ length: requests }, () =>
    page.map(([, ms]) => ms * (1 + noise * (2 * random() - 1))),
  );
  const startsMs = needs
    .map((_, i) => Math.round(isIndependent ? requests * everyMs * random() : i * everyMs))
    .sort((a, b) => a - b);
  return { needs, startsMs };
}

/** In small steps: when each call ends, since its request began; `together`: all calls of a request begin with it. */
function serve(
  needs: readonly number[][],
  startsMs: readonly number[],
  processors: number,
  together = false,
): number[][] {
  const tickMs = 0.25;
  const left = needs.map((calls) => [...calls]);
  const ends = needs.map((): number[] => []);
  for (let now = 0; ends.some((done) => done.length < page.length); now += tickMs) {
    const open = left.flatMap((calls, i) => {
      if (startsMs[i]! > now) return [];
      const waiting = [...calls.keys()].filter((call) => calls[call]! > 0);
      return (together ? waiting : waiting.slice(0, 1)).map((call) => ({ i, call }));
    });
    for (const { i, call } of open) {
      left[i]![call]! -= tickMs * Math.min(1, processors / open.length);
      if (left[i]![call]! <= 0) ends[i]!.push(now + tickMs - startsMs[i]!);
    }
  }
  return ends;
}

/** Of the longest call, "b", over all traces. */
function stretchOf(sample: ReturnType<typeof sampleOf>): Stretch {
  const { stretches } = contentionOf(sample);
  const all = sample.map(
    ({ trace }, i) => stretches[i]!.get(trace.name.indexOf("b") as SpanIndex)!,
  );
  const mean = (outlook: keyof Stretch) =>
    all.reduce((sum, stretch) => sum + stretch[outlook], 0) / all.length;
  return {
    pessimistic: mean("pessimistic"),
    expected: mean("expected"),
    optimistic: mean("optimistic"),
  };
}

describe("calls that start together", () => {
  test("no two requests at the same time: two equal calls slow each other down by a seventh", () => {
    const pairs = Array.from({ length: 40 }, (_, i) => {
      const trace = buildTraceAt(1_000 * i, ["GET /", 0, 60, [query, 0, 30], [query, 30, 60]]);
      return { trace, changes: [{ kind: "make-parallel" as const, spans: [1, 2] }] };
    });
    const stretch = contentionOf(pairs).stretches[0]!.get(1)!;
    expect(stretch.expected).toBeCloseTo(1 + 1 / 7, 2);
    expect(stretch.pessimistic).toBeGreaterThan(1.7);
    expect(stretch.optimistic).toBe(1);
  });

  test("always as long, whatever runs beside them: they wait, and don't slow each other down", () => {
    // Three requests at once, and nine calls at once where all three start theirs together.
    const stretch = stretchOf(sampleOf({ everyMs: 35, noise: 0.1 }));
    expect(stretch.expected).toBeLessThan(1.02);
    expect(stretch.pessimistic).toBeLessThan(1.25);
  });

  test("longer where others run beside them: they share what they were seen to share", () => {
    const sample = sampleOf({ everyMs: 70, processors: 1.5, noise: 0.05 });
    const { assumptions } = contentionOf(sample);
    expect(assumptions).toHaveLength(1);
    const [, likely] = /works on ([\d.]+) at once/.exec(assumptions[0]!)!;
    expect(Number(likely)).toBeCloseTo(1.5, 0);
    const stretch = stretchOf(sample);
    // Alone: three at half the speed for 60 ms, then 10 ms more of the longest, which took up to 53 ms before.
    expect(stretch.optimistic).toBeGreaterThan(70 / 53);
    expect(stretch.expected).toBeGreaterThan(1.4);
  });

  test("the less even they are, the less is known: noise never makes them slow each other down less", () => {
    const expected = [0.05, 0.3, 0.9].map(
      (noise) => stretchOf(sampleOf({ everyMs: 60, noise })).expected,
    );
    expect(expected[1]).toBeGreaterThanOrEqual(expected[0]!);
    expect(expected[2]).toBeGreaterThan(expected[1]!);
  });

  test("calls to several servers don't slow each other down", () => {
    const stretch = stretchOf(sampleOf({ everyMs: 200, requests: 10, serverOf: (name) => name }));
    expect(stretch).toEqual({ pessimistic: 1, expected: 1, optimistic: 1 });
  });

  test("the wait for a connection is no work of the server", () => {
    const waiting = { ...query, name: "a", shapeId: "a", poolWaitNs: 29e6 };
    const working = { ...query, name: "b", shapeId: "b" };
    const trace = buildTraceAt(0, ["GET /", 0, 60, [waiting, 0, 30], [working, 30, 60]]);
    const spans = ["a", "b"].map((name) => trace.name.indexOf(name));
    const { stretches } = contentionOf([{ trace, changes: [{ kind: "make-parallel", spans }] }]);
    expect(stretches[0]!.get(spans[1]!)!.expected).toBeLessThan(1.01);
  });

  test("nothing starts together: nothing is learned", () => {
    const sample = sampleOf({ everyMs: 50, requests: 3 });
    const { stretches, assumptions } = contentionOf(
      sample.map(({ trace }) => ({ trace, changes: [] })),
    );
    expect(assumptions).toEqual([]);
    expect(stretches.map(({ size }) => size)).toEqual([0, 0, 0]);
    expect(contentionOf([])).toEqual({ stretches: [], assumptions: [] });
  });
});

describe("requests that come at random moments, and the same with calls that start together", () => {
  const load = { everyMs: 130, requests: 120, noise: 0.05, isIndependent: true };

  /** In ms: as they were, as the replay says, and as the server does it. */
  function durationsOf(processors: number) {
    const sample = sampleOf({ ...load, processors });
    const { needs, startsMs } = arrivalsOf(load);
    const { stretches } = contentionOf(sample);
    return {
      before: sample.map(({ trace }) => trace.end[0]! / 1e6),
      predicted: sample.map(
        ({ trace, changes }, i) =>
          simulate(trace, 0, changes, { stretches: stretches[i]! }).expected / 1e6,
      ),
      after: serve(needs, startsMs, processors, true).map((ends) => Math.max(...ends)),
    };
  }

  function quantile(values: readonly number[], share: number): number {
    return values.toSorted((a, b) => a - b)[Math.floor(share * values.length)]!;
  }

  test.each([1, 1.5, 2, 3])(
    "%d are worked on at once: middle and tail are as predicted",
    (processors) => {
      const { predicted, after } = durationsOf(processors);
      for (const share of [0.5, 0.95]) {
        const ratio = quantile(predicted, share) / quantile(after, share);
        expect(Math.abs(ratio - 1)).toBeLessThan(0.02);
      }
    },
  );

  test("one is worked on at once, and has hardly a pause: most requests get slower", () => {
    const { before, predicted, after } = durationsOf(1);
    expect(quantile(after, 0.5)).toBeGreaterThan(quantile(before, 0.5));
    expect(quantile(predicted, 0.5)).toBeGreaterThan(quantile(before, 0.5));
    expect(quantile(predicted, 0.95)).toBeGreaterThan(quantile(before, 0.95));
  });
});

test("whatever the traces: worst >= expected >= best >= as long as it was, and what a request does alone is never slower", () => {
  const request = fc.record({
    atMs: fc.nat(300),
    lengths: fc.array(fc.nat(50), { minLength: 3, maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 12 }), (requests) => {
      const sample = requests.map(({ atMs, lengths }) => {
        let end = 0;
        const calls = lengths.map((ms, i): SpanNode => {
          end += ms;
          return [{ ...query, name: `call ${i}`, shapeId: String(i + 1) }, end - ms, end];
        });
        const trace = buildTraceAt(atMs, ["GET /", 0, end + 1, ...calls]);
        const spans = lengths.map((_, i) => trace.name.indexOf(`call ${i}`)).sort((a, b) => a - b);
        return { trace, changes: [{ kind: "make-parallel" as const, spans }] };
      });
      const { stretches } = contentionOf(sample);
      for (const [i, { trace, changes }] of sample.entries()) {
        for (const { pessimistic, expected, optimistic } of stretches[i]!.values()) {
          expect(pessimistic).toBeGreaterThanOrEqual(expected);
          expect(expected).toBeGreaterThanOrEqual(optimistic);
          expect(optimistic).toBeGreaterThanOrEqual(1);
        }
        const after = simulate(trace, 0, changes, { stretches: stretches[i]! });
        expect(simulate(trace, 0, changes).pessimistic).toBeLessThanOrEqual(trace.end[0]!);
        expect(after.pessimistic).toBeGreaterThanOrEqual(after.expected);
        expect(after.expected).toBeGreaterThanOrEqual(after.optimistic);
      }
    }),
  );
});
