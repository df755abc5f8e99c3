import { describe, expect, test } from "vitest";
import type { Observation } from "../analyzers/detector.ts";
import { traceDetectors } from "../analyzers/index.ts";
import { spanKind, type TraceView } from "../analyzers/model/trace-view.ts";
import { toOccurrence } from "../analyzers/schedule/occurrence.ts";
import { QueryShapes } from "../collector/decode/query-shape.ts";
import {
  buildTrace,
  inParallel,
  inSequence,
  perNamespace,
  query,
  type SpanFields,
  type SpanNode,
} from "./support/trace-builder.ts";

/**
 * What users of other systems complain about, each a test of ours: a fault that is not found, or a request that is accused
 * without one. In brackets the system and, where there is one, its public thread.
 */
const page = (...children: SpanNode[]) => buildTrace(["GET /orders", 0, 900, ...children]);

function observe(trace: TraceView): Observation[] {
  return traceDetectors.flatMap(({ meta, detect }) => detect(trace, meta.defaults));
}
const loud = (trace: TraceView) => observe(trace).filter(({ suppressedBy }) => !suppressedBy);
const guards = (trace: TraceView) =>
  observe(trace).flatMap(({ suppressedBy }) => suppressedBy ?? []);

const checkout: SpanFields = { name: "pg-pool.connect", kind: 3, dbSystemName: "postgresql" };
const unknown: SpanFields = { ...query, paramsHash: "0", returnedRows: -1 };
const redis: SpanFields = {
  ...query,
  name: "GET",
  dbSystemName: "redis",
  dbQueryText: "GET user:?",
  dbQuerySummary: "GET",
  shapeId: "7001",
};
const get: SpanFields = {
  name: "GET",
  kind: spanKind.client,
  httpRequestMethod: "GET",
  serverAddress: "stock",
  urlTemplate: "/stock/{id}",
  shapeId: "3001",
};
const second: SpanFields = {
  ...query,
  name: "SELECT stock",
  dbQuerySummary: "SELECT stock",
  shapeId: "1002",
};
const withText = (text: string, summary: string): SpanFields => ({
  ...query,
  dbQueryText: text,
  dbQuerySummary: summary,
});
const flags: SpanFields = {
  ...get,
  serverAddress: "flags.example.com",
  urlTemplate: "/sdk/poll",
  paramsHash: "0",
  shapeId: "3002",
};

/** Each with a part of what is said of it. */
const missed: readonly [string, TraceView, string][] = [
  [
    "a pool's checkout before each query (Sentry 93090)",
    page(
      ...inSequence(query, 9, 10).flatMap(([call, start, end]): SpanNode[] => [
        [checkout, start, start + 1],
        [call, start + 1, end],
      ]),
    ),
    "runs the same query 9 times",
  ],
  [
    "a query for each row, all at once (Sentry 49805, 50079)",
    page(...inParallel(query, 9, 20)),
    "9 times at once",
  ],
  [
    "several queries for each row (Sentry 41219)",
    page(
      ...inSequence(query, 9, 10, { gapMs: 10 }),
      ...inSequence(second, 9, 10, { gapMs: 10, fromMs: 10 }),
    ),
    "2 queries run 9 times",
  ],
  [
    "right below the request, without a function between (Sentry)",
    page(...inSequence(query, 5, 20)),
    "5 times",
  ],
  ["seen once, in one request (Sentry 45924)", page(...inSequence(query, 5, 20)), "5 times"],
  ["in less than 50 ms altogether (Sentry)", page(...inSequence(query, 9, 0.5)), "9 times"],
  ["keys of a cache (Sentry)", page(...inSequence(redis, 9, 2)), "9 times"],
  [
    "a cache's list of keys before it (Sentry)",
    page(
      [
        {
          ...redis,
          dbQueryText: "SMEMBERS users",
          dbQuerySummary: "SMEMBERS",
          shapeId: "7002",
          returnedRows: 9,
        },
        0,
        1,
      ],
      ...inSequence(query, 9, 10, { fromMs: 1 }),
    ),
    "one per row of SMEMBERS",
  ],
  [
    "calls to a service, mixed with queries (Sentry)",
    page(
      ...inSequence(get, 9, 10, { gapMs: 10 }),
      ...inSequence(second, 9, 10, { gapMs: 10, fromMs: 10 }),
    ),
    "2 calls are made 9 times",
  ],
  [
    "calls from different places of the source (Prosopite)",
    page(
      ...inSequence(query, 9, 10).map(
        ([call, ...at], i): SpanNode => [
          { ...(call as SpanFields), codeFilePath: `src/${i}.ts` },
          ...at,
        ],
      ),
    ),
    "9 times",
  ],
  [
    "a text that is cut (Sentry 38702)",
    page(...inSequence({ ...unknown, dbQueryText: "select a, b, c…" }, 9, 10)),
    "parameters unknown",
  ],
  [
    "no ORM's scope and no parameters, as of any bare SDK (perf-sentinel)",
    page(...inSequence(unknown, 9, 10)),
    "parameters unknown",
  ],
];

/** Each with the guard that holds it back. */
const heldBack: readonly [string, TraceView, string][] = [
  [
    "a query for each tenant, in a database each (Sentry 76835)",
    page(...perNamespace(query, 9, 20)),
    "different-namespaces",
  ],
  [
    "the pages of a server-side cursor (sentry-python 6576)",
    page(...inSequence(withText("fetch 100 from c", "FETCH"), 9, 20)),
    "cursor",
  ],
  [
    "polling a service for feature flags (Sentry 96448)",
    page(...inSequence(flags, 6, 10, { gapMs: 120 })),
    "polling",
  ],
  [
    "a list in each call (Bullet: it is loaded eagerly)",
    page(
      ...inSequence(withText("select a from t where id = any($1)", "SELECT t"), 9, 20).map(
        ([call, ...at]): SpanNode => [{ ...(call as SpanFields), returnedRows: 100 }, ...at],
      ),
    ),
    "batched-lists",
  ],
  [
    "attempts until one succeeds (Sentry)",
    page(...inSequence({ ...query, paramsHash: "7", statusCode: 2 }, 9, 20, { gapMs: 60 })),
    "retry",
  ],
];

const sound: readonly [string, TraceView][] = [
  ["two equal queries (nest-profiler)", page(...inSequence(query, 2, 20))],
  ["one object that is loaded with its one owner (Bullet)", page([query, 0, 10], [second, 10, 20])],
  [
    "twenty unlike queries below 10 ms (nest-profiler: chatty)",
    page(
      ...Array.from(
        { length: 20 },
        (_, i): SpanNode => [{ ...query, shapeId: String(2000 + i) }, i * 10, i * 10 + 8],
      ),
    ),
  ],
  [
    "an answer of 200 kB (Sentry: large payload)",
    buildTrace([
      {
        name: "GET /orders",
        kind: spanKind.server,
        httpRequestMethod: "GET",
        httpRoute: "/orders",
        responseBytes: 200_000,
      },
      0,
      900,
    ]),
  ],
  [
    "a whole demo with every fault off: queries, a cache, two services at once (perf-sentinel: 322 findings)",
    page(
      [redis, 0, 1],
      [query, 1, 9],
      [get, 10, 60],
      [{ ...get, serverAddress: "rates", shapeId: "3009" }, 10, 70],
      [
        {
          ...query,
          dbQueryText: "insert into log values ($1)",
          dbQuerySummary: "INSERT log",
          shapeId: "5",
        },
        70,
        75,
      ],
    ),
  ],
];

describe("a fault that others don't find, or only later", () => {
  test.each(missed)("%s", (_, trace, words) => {
    expect(
      loud(trace)
        .map(({ summary }) => summary)
        .join(),
    ).toContain(words);
  });

  test("what can't be known lowers the confidence (Sentry 38702)", () => {
    const [cut] = loud(page(...inSequence({ ...unknown, dbQueryText: "select a, b, c…" }, 9, 10)));
    expect(cut!.confidence).toBe("low");
  });

  test("the line of the source, and the traces that show it (Sentry 42977, 87502, 56024)", () => {
    const site = { codeFilePath: "src/orders.ts", codeLineNumber: 88, codeFunctionName: "list" };
    const trace = page(...inSequence({ ...query, ...site }, 5, 20));
    const [detector] = traceDetectors;
    const row = toOccurrence("f", detector!.meta, trace, loud(trace), 0);
    expect(JSON.parse(String(row.evidence)).callSite).toEqual({
      file: "src/orders.ts",
      line: 88,
      function: "list",
    });
    expect(row.trace_id).toBe(trace.traceId);
    expect(row.span_ids).toEqual(trace.spanId.slice(1));
  });
});

describe("a request that others accuse", () => {
  test.each(heldBack)("%s", (_, trace, guard) => {
    expect(loud(trace).map(({ summary }) => summary)).toEqual([]);
    expect(guards(trace)).toContain(guard);
  });

  test.each(sound)("%s", (_, trace) => {
    expect(loud(trace).map(({ summary }) => summary)).toEqual([]);
  });
});

test("values written into the text, and keys of a cache, don't make a call of each (Sentry 40042, 40046)", () => {
  const shapes = new QueryShapes();
  const textOf = (system: string, text: string) => {
    const body = Buffer.from(text);
    return Buffer.from(shapes.shapeOf(body, 0, body.length, system).text).toString();
  };
  expect(textOf("postgresql", "SELECT a FROM t WHERE id = 7 AND b = 'x'")).toBe(
    textOf("postgresql", "select a from t where id = 12345 and b = 'it''s'"),
  );
  expect(textOf("redis", "GET user:17:cart")).toBe(textOf("redis", "GET user:9000:cart"));
});
