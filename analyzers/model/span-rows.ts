import type { SpanColumns } from "./span-columns.ts";

/** The columns of a view that are picked as they are. */
export type ColumnName = Exclude<keyof SpanColumns, "startS" | "startNs" | "durationNs">;

/**
 * Rows of spans as they were read, those of several traces one after the other or mixed. Ids of 64 bits are two halves; a
 * root's parent is 0.
 */
export interface SpanRows {
  readonly startS: ArrayLike<number>;
  readonly startNs: ArrayLike<number>;
  readonly durationNs: ArrayLike<number>;
  /** Wait for a connection before the span's own start; absent: not read. */
  readonly waitNs?: ArrayLike<number> | undefined;
  readonly idHigh: Uint32Array;
  readonly idLow: Uint32Array;
  readonly parentHigh: Uint32Array;
  readonly parentLow: Uint32Array;
  /** The values of a column in these rows, in their order. */
  pick(name: ColumnName, rows: Uint32Array): readonly (string | number)[];
  /** A number for the text in each of these rows: equal for equal texts. */
  codes(name: TextColumnName, rows: Uint32Array): ArrayLike<number>;
}

/** Columns whose texts are compared more often than read. */
export type TextColumnName = "name" | "service" | "shapeId";

const isColumn: Readonly<Record<ColumnName, true>> = {
  spanId: true,
  parentSpanId: true,
  name: true,
  kind: true,
  statusCode: true,
  service: true,
  environment: true,
  serviceVersion: true,
  resourceId: true,
  scopeName: true,
  weight: true,
  repeats: true,
  httpRequestMethod: true,
  httpRoute: true,
  urlTemplate: true,
  serverAddress: true,
  dbSystemName: true,
  dbNamespace: true,
  dbQuerySummary: true,
  dbQueryText: true,
  messagingDestinationName: true,
  codeFilePath: true,
  codeLineNumber: true,
  codeFunctionName: true,
  shapeId: true,
  paramsHash: true,
  returnedRows: true,
  repeatDurationSumNs: true,
  repeatDurationUnionNs: true,
  repeatDistinctParams: true,
  httpResponseStatusCode: true,
  responseBytes: true,
  responseContentType: true,
  isResponseWhole: true,
  isResponseUncompressed: true,
  poolWaitNs: true,
  poolName: true,
  transactionId: true,
  isBlockCause: true,
};
export const columnNames = Object.keys(isColumn) as readonly ColumnName[];

/** What rows are put in order by, and what tells whose child a span is. */
type OrderColumns = Pick<
  SpanColumns,
  "startS" | "startNs" | "durationNs" | "spanId" | "parentSpanId"
>;

/** Plain columns as rows; of the others, those that there are can be picked. */
export function toSpanRows(columns: OrderColumns & Partial<SpanColumns>): SpanRows {
  const { startS, startNs, durationNs, spanId, parentSpanId } = columns;
  return {
    startS,
    startNs,
    durationNs,
    waitNs: columns.poolWaitNs,
    idHigh: Uint32Array.from(spanId, highOf),
    idLow: Uint32Array.from(spanId, lowOf),
    parentHigh: Uint32Array.from(parentSpanId, highOf),
    parentLow: Uint32Array.from(parentSpanId, lowOf),
    pick: (name, rows) => Array.from(rows, (row) => columns[name]![row]!),
    codes: (name, rows) => {
      const codeOf = new Map<string, number>();
      return Uint32Array.from(rows, (row) => {
        const text = columns[name]![row]!;
        const code = codeOf.get(text) ?? codeOf.size;
        codeOf.set(text, code);
        return code;
      });
    },
  };
}

function highOf(id: string): number {
  return Number.parseInt(id.slice(0, -8) || "0", 16);
}

function lowOf(id: string): number {
  return Number.parseInt(id.slice(-8) || "0", 16);
}
