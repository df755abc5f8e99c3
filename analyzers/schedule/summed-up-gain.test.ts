import fc from "fast-check";
import { expect, test } from "vitest";
import { sumUpRepeats } from "../../test/support/sum-up-repeats.ts";
import {
  buildTrace,
  query,
  type SpanFields,
  type SpanNode,
} from "../../test/support/trace-builder.ts";
import { cumulativeGain } from "../gain/cumulative-gain.ts";
import { createRandom } from "../gain/random.ts";
import { traceDetectors } from "../index.ts";
import { repairedSample } from "./repaired-sample.ts";

type Random = () => number;

const call = (n: number, fields: Partial<SpanFields> = {}): SpanFields => ({
  ...query,
  name: `SELECT t${n}`,
  dbQuerySummary: `SELECT t${n}`,
  dbQueryText: `select a from t${n} where id = $1`,
  shapeId: String(5000 + n),
  ...fields,
});
const get = (i: number): SpanFields => ({
  name: "GET",
  kind: 3,
  httpRequestMethod: "GET",
  serverAddress: "prices",
  urlTemplate: "/prices/{id}",
  shapeId: "6000",
  paramsHash: String(8_000 + i),
});
/** Within a fifth of it. */
const about = (ms: number, random: Random) => ms * (0.8 + 0.4 * random());

/** Six to thirty turns, each of these calls, one after the other. */
function loop(random: Random, bodies: readonly ((i: number) => SpanFields)[]): SpanNode[] {
  const turns = 6 + Math.floor(25 * random());
  const nodes: SpanNode[] = [];
  let at = 0.5;
  for (let i = 0; i < turns; i++) {
    for (const body of bodies) {
      const startMs = at + 0.2 + 0.2 * random();
      at = startMs + about(3, random);
      nodes.push([body(i), startMs, at]);
    }
  }
  return nodes;
}

const byId = (n: number) => (i: number) => call(n, { paramsHash: String(9_000 + i) });

/** Three queries that are given nothing, one after the other. */
function panels(random: Random): SpanNode[] {
  let at = 0.1;
  return [45, 30, 35].map((ms, i): SpanNode => {
    const startMs = at;
    at += about(ms, random);
    return [call(20 + i, { dbQueryText: `select max(id) from t${20 + i}` }), startMs, at];
  });
}

const pages: Readonly<
  Record<string, (random: Random) => { looped: SpanNode[]; beside: SpanNode[] }>
> = {
  "a loop": (random) => ({ looped: loop(random, [byId(1)]), beside: [] }),
  "a loop beside three calls one after the other": (random) => ({
    looped: loop(random, [byId(1)]),
    beside: panels(random),
  }),
  "two queries in turns": (random) => ({ looped: loop(random, [byId(1), byId(2)]), beside: [] }),
  "a query and a request in turns": (random) => ({
    looped: loop(random, [byId(1), get]),
    beside: [],
  }),
  "two loops at once": (random) => ({
    looped: [...loop(random, [byId(1)]), ...loop(random, [byId(2)])],
    beside: [],
  }),
};

const traces = 60;

/** The endpoint's p50 and p95 once all is fixed, and once each fault alone is. */
function predictAll(seed: number, page: (typeof pages)[string], sumUp: typeof sumUpRepeats) {
  const random = createRandom(String(seed));
  const sample = Array.from({ length: traces }, () => {
    const { looped, beside } = page(random);
    const driver: SpanNode = [call(9, { returnedRows: 20 }), 0, 0.4];
    const queries = looped.filter(([what]) => (what as SpanFields).shapeId !== "6000");
    const others = looped.filter((node) => !queries.includes(node));
    const children = [driver, ...sumUp(queries), ...others, ...beside];
    const endMs = 1 + Math.max(...children.map(([, , end]) => end));
    return { trace: buildTrace(["GET /page", 0, endMs, ...children]), endpointSpan: 0 };
  });
  const repaired = repairedSample(sample, traceDetectors, (_id, _trace, error) => {
    throw error;
  });
  const fixes = [...new Set(repaired.flatMap(({ changesOf }) => [...changesOf.keys()]))].sort();
  return [fixes, ...fixes.map((fix) => [fix])].map((some) => {
    const { p50, p95 } = cumulativeGain(repaired, some, "seed").at(-1)!.prediction;
    return { some, p50, p95 };
  });
}

/** Of the endpoint's time. Where two loops run at once, the order of single calls says more than there is to know. */
const apartMax = (name: string) => (name === "two loops at once" ? 0.1 : 0.05);

test.each(Object.keys(pages))(
  "the gain is the same whether repeats are spans or summed up: %s",
  (name) => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const whole = predictAll(seed, pages[name]!, (calls) => [...calls]);
        const summed = predictAll(seed, pages[name]!, sumUpRepeats);
        expect(summed.map(({ some }) => some)).toEqual(whole.map(({ some }) => some));
        for (const [i, { p50, p95 }] of summed.entries()) {
          for (const [now, then] of [
            [p50, whole[i]!.p50],
            [p95, whole[i]!.p95],
          ] as const) {
            expect(now.beforeNs).toBe(then.beforeNs);
            expect(Math.abs(now.afterNs - then.afterNs) / then.beforeNs).toBeLessThan(
              apartMax(name),
            );
          }
        }
      }),
      { numRuns: 5 },
    );
  },
);
