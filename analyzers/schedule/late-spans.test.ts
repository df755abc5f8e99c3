import { afterAll, beforeAll, expect, test } from "vitest";
import { type FindingRow, findingsQuery } from "../../storage/queries/findings.ts";
import type { OtlpSpan } from "../../test/support/otlp-body.ts";
import { loopTrace, openTestStore, type TestStore } from "../../test/support/stored-traces.ts";
import { LearnedOrder } from "../facts/learned-order.ts";
import { traceDetectors } from "../index.ts";
import type { Finding } from "../model/finding.ts";
import { createAnalysisCounters } from "./analysis-counters.ts";
import { examineTraces } from "./examine.ts";
import { refreshFindings } from "./refresh-findings.ts";

let traces: TestStore;

beforeAll(async () => {
  traces = await openTestStore();
});

afterAll(() => traces.close());

/** Examines what has settled, merges the findings that it touched, and tells what the list then says of the route. */
async function examine(
  route: string,
  settled: readonly OtlpSpan[],
  mayBeAgain: boolean,
): Promise<Finding[]> {
  const { store } = traces;
  const examiner = {
    store,
    detectors: traceDetectors,
    order: new LearnedOrder(),
    counters: createAnalysisCounters(traceDetectors.map(({ meta }) => meta.id)),
    log: (line: string) => expect(line).toBe(""),
    now: Date.now,
  };
  const s = Math.floor(settled[0]!.startMs / 1000);
  const ids = [...new Set(settled.map(({ traceId }) => traceId))];
  const touched = await examineTraces(
    examiner,
    ids.map((traceId) => ({ traceId, fromS: s - 1, toS: s + 60, mayBeAgain })),
  );
  const stale = [...touched].map(([fingerprint, detector]) => ({ fingerprint, detector }));
  await refreshFindings(examiner, stale);
  const rows = await store.select<FindingRow>(findingsQuery, { findingsMax: 1_000 });
  const listed: Finding[] = rows.map(({ body }) => JSON.parse(body));
  return listed.filter(({ endpoint }) => endpoint.route === route);
}

/** What a finding claims, without what depends on when it was computed. */
const claims = (findings: readonly Finding[]) =>
  findings.map(({ detector, endpoint, evidence, summary }) => ({
    detector,
    method: endpoint.method,
    traces: evidence.tracesAffected,
    repeats: evidence.repeatsMax,
    summary: summary.replace(endpoint.route, "ROUTE"),
  }));

const requests = (route: string) => Array.from({ length: 5 }, () => loopTrace({ route })).flat();

test("traces split over two exports are found as whole ones are", async () => {
  const whole = requests("/whole");
  const split = requests("/split");
  await traces.insert(whole);
  await traces.insert(split.filter((_, i) => i % 2 === 1));
  await traces.insert(split.filter((_, i) => i % 2 === 0));
  const claimed = claims(await examine("/whole", whole, false));
  expect(claimed).toMatchObject([{ detector: "n-plus-one", traces: 5, repeats: 20 }]);
  expect(claims(await examine("/split", split, false))).toEqual(claimed);
});

const isRoot = ({ parentSpanId }: OtlpSpan) => parentSpanId === undefined;
test.each<[late: string, (span: OtlpSpan, i: number) => boolean]>([
  ["every other query", (span, i) => !isRoot(span) && i % 2 === 0],
  ["the endpoint", isRoot],
  ["all but the endpoint", (span) => !isRoot(span)],
])(
  "%s comes after its trace had settled: what is said in the end is what whole traces say",
  async (late, isLate) => {
    const route = `/${late}`;
    const spans = requests(route);
    await traces.insert(spans.filter((span, i) => !isLate(span, i)));
    await examine(route, spans, false);
    await traces.insert(spans.filter(isLate));
    expect(claims(await examine(route, spans, true))).toMatchObject([
      { detector: "n-plus-one", method: "GET", traces: 5, repeats: 20 },
    ]);
    expect(await examine("SELECT products", spans, true), "named for a query").toEqual([]);
  },
);

test("a write that comes late takes an accusation back: occurrence, finding and all", async () => {
  const route = "/cart";
  const spans = Array.from({ length: 5 }, () => rereadAfterWrite(route)).flat();
  const isWrite = ({ name }: OtlpSpan) => name.startsWith("UPDATE");
  await traces.insert(spans.filter((span) => !isWrite(span)));
  expect(claims(await examine(route, spans, false))).toMatchObject([
    { detector: "duplicate-call" },
  ]);
  await traces.insert(spans.filter(isWrite));
  expect(await examine(route, spans, true)).toEqual([]);
});

test("a detector that fails takes nothing back: it has said nothing", async () => {
  const route = "/fails";
  const spans = requests(route);
  await traces.insert(spans);
  const before = await examine(route, spans, false);
  const [trace] = spans;
  const failing = traceDetectors.map((detector) => ({
    ...detector,
    detect: () => {
      throw new Error("odd");
    },
  }));
  const counters = createAnalysisCounters(traceDetectors.map(({ meta }) => meta.id));
  const s = Math.floor(trace!.startMs / 1000);
  const again = { traceId: trace!.traceId, fromS: s - 1, toS: s + 60 };
  const touched = await examineTraces(
    {
      store: traces.store,
      detectors: failing,
      order: new LearnedOrder(),
      counters,
      log: () => undefined,
      now: Date.now,
    },
    [{ ...again, mayBeAgain: true }],
  );
  expect(touched.size).toBe(0);
  expect(claims(await examine(route, spans, true))).toEqual(claims(before));
});

test("an instrumentation that falls silent is no fix: the finding stays as it was", async () => {
  const route = "/silent";
  const spans = requests(route);
  await traces.insert(spans);
  const [before] = await examine(route, spans, false);
  const silent = Array.from({ length: 50 }, () => loopTrace({ route, queries: 0 })).flat();
  await traces.insert(silent);
  const [since, ...others] = await examine(route, silent, false);
  expect(others).toEqual([]);
  expect(since).toEqual(before);
  expect(since).toMatchObject({ status: "new", evidence: { tracesAffected: 5 } });
});

const sinceThen: readonly [string, (route: string) => OtlpSpan[]][] = [
  // The database's library says nothing any more; the others do.
  [
    "one library alone falls silent",
    (route) =>
      Array.from({ length: 20 }, () => callsAnother(loopTrace({ route, queries: 1 }))).flat(),
  ],
  [
    "a sampler drops the requests that have it",
    (route) => sampled(loopTrace({ route, queries: 0 })),
  ],
  ["the endpoint has another name", (route) => loopTrace({ route: `${route}/v2`, queries: 0 })],
  ["nobody asks any more", () => loopTrace({ route: "/elsewhere", queries: 0 })],
];

test.each(sinceThen)("%s: that is no fix, and the finding stays as it was", async (name, later) => {
  const route = `/${name}`;
  const spans = requests(route);
  await traces.insert(spans);
  const [before] = await examine(route, spans, false);
  expect(before).toMatchObject({ status: "new", evidence: { tracesAffected: 5 } });
  const since = later(route);
  await traces.insert(since);
  expect(await examine(route, since, false)).toEqual([before]);
});

const callsAnother = ([root, ...calls]: readonly OtlpSpan[]): OtlpSpan[] => [
  root!,
  ...calls.map((span) => ({
    ...span,
    name: "GET",
    attributes: { "http.request.method": "GET", "url.full": "http://stock/all" },
  })),
];
const sampled = (spans: readonly OtlpSpan[]): OtlpSpan[] =>
  spans.map((span) => ({ ...span, traceState: "ot=th:f" }));

/** The same row is read six times, each time after it was written. */
function rereadAfterWrite(route: string): OtlpSpan[] {
  const [root, ...reads] = loopTrace({ route, queries: 12 });
  return [
    root!,
    ...reads.map((span, i): OtlpSpan => {
      const isWrite = i % 2 === 1;
      const text = isWrite
        ? `UPDATE carts SET total = total + $1, change_${i} = $1 WHERE id = $2`
        : "SELECT total FROM carts WHERE id = $1";
      return {
        ...span,
        name: isWrite ? "UPDATE carts" : "SELECT carts",
        attributes: {
          ...span.attributes,
          "db.query.text": text,
          "db.query.summary": isWrite ? "UPDATE carts" : "SELECT carts",
          "culprit.params_hash": isWrite ? `w${i}` : "00000000000000aa",
        },
      };
    }),
  ];
}
