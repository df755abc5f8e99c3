import type { Engine } from "../../../storage/embedded/engine.ts";
import { readNative } from "../../../storage/native-columns.ts";
import { attributeSearchQuery } from "../../../storage/queries/attribute-search.ts";
import { endpointsQuery } from "../../../storage/queries/endpoints.ts";
import { serviceEdgesQuery } from "../../../storage/queries/service-edges.ts";
import {
  coverBounds,
  type TraceBoundsRow,
  traceBoundsQuery,
} from "../../../storage/queries/trace-bounds.ts";
import { waterfallSpansQuery } from "../../../storage/queries/waterfall-spans.ts";
import type { Query, QueryParameters } from "../../../storage/store.ts";
import type { Pieces } from "../../../storage/store-calls.ts";
import type { NaiveStore } from "../naive/naive-store.ts";
import type { StoredDays } from "./fill-days.ts";

/** Something that a page asks; `run` returns how many rows came. */
export interface Question {
  readonly name: string;
  readonly run: (round: number) => Promise<number>;
}

/** Of the last 24 hours; the trace is of any day, another one each round. */
export function createQuestions(
  engine: Engine,
  naive: NaiveStore,
  { sampleTraceIds, sampleUserIds, toS }: StoredDays,
): Question[] {
  const day = { fromS: toS - 86_400, toS };
  const traceOf = (round: number) => sampleTraceIds[round % sampleTraceIds.length]!;
  const userOf = (round: number) => sampleUserIds[round % sampleUserIds.length]!;
  const select = async (query: Query, parameters: QueryParameters) =>
    countRows(toText(await engine.select("rows", query, parameters)));
  return [
    { name: "trace", run: (round) => readTrace(engine, traceOf(round)) },
    { name: "naiveTrace", run: (round) => naive.readTrace(traceOf(round)) },
    { name: "endpoints", run: () => select(endpointsQuery, { ...day, endpointsMax: 500 }) },
    { name: "naiveEndpoints", run: () => naive.readEndpoints(day) },
    { name: "serviceEdges", run: () => select(serviceEdgesQuery, { ...day, edgesMax: 1_000 }) },
    { name: "naiveServiceEdges", run: () => naive.readServiceEdges(day) },
    {
      name: "attributeSearch",
      run: (round) =>
        select(attributeSearchQuery, {
          ...day,
          key: "user.id",
          value: userOf(round),
          spansMax: 100,
        }),
    },
    { name: "naiveAttributeSearch", run: (round) => naive.searchUser(userOf(round), day) },
  ];
}

/** As the API does: where in time the trace is, then its spans. */
async function readTrace(engine: Engine, traceId: string): Promise<number> {
  const rows = toText(await engine.select("rows", traceBoundsQuery, { traceId }));
  const { fromS, toS } = coverBounds(JSON.parse(rows) as TraceBoundsRow[])!;
  const spans = await engine.select("native", waterfallSpansQuery, {
    traceId,
    fromS,
    toS,
    spansMax: 200_000,
  });
  return readNative(Buffer.concat(spans)).rows;
}

function toText(pieces: Pieces): string {
  return Buffer.concat(pieces).toString("utf8");
}

function countRows(text: string): number {
  return (JSON.parse(text) as unknown[]).length;
}
