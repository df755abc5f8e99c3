import { spanKind } from "../../analyzers/model/trace-view.ts";
import { query, type SpanFields, type SpanNode } from "./trace-builder.ts";

/** Each call is of another shape than the ones before. */
let shapes = 3_000;
/** A statement with a shape of its own. */
export function statement(dbQueryText: string, fields: Partial<SpanFields> = {}): SpanFields {
  const [verb, table] = [
    /\w+/.exec(dbQueryText)![0],
    /(?:from|into|update)\s+(\S+)/i.exec(dbQueryText)?.[1],
  ];
  const dbQuerySummary = `${verb.toUpperCase()} ${table ?? ""}`.trim();
  return {
    ...query,
    name: dbQuerySummary,
    dbQueryText,
    dbQuerySummary,
    shapeId: String(shapes++),
    ...fields,
  };
}
/** As another SDK sends it. */
export const unknown = { paramsHash: "0", returnedRows: -1 };

/** Calls of one kind with what differs between them. */
export const each = (
  nodes: readonly SpanNode[],
  change: (i: number) => Partial<SpanFields>,
): SpanNode[] =>
  nodes.map(([what, start, end, ...rest], i) => [
    { ...(what as SpanFields), ...change(i) },
    start,
    end,
    ...rest,
  ]);
/** A request to another service. */
export function http(
  method: string,
  urlTemplate: string,
  fields: Partial<SpanFields> = {},
): SpanFields {
  return {
    name: method,
    kind: spanKind.client,
    httpRequestMethod: method,
    urlTemplate,
    serverAddress: "api",
    shapeId: String(shapes++),
    httpResponseStatusCode: 200,
    ...fields,
  };
}
