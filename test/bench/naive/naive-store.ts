import { Session } from "chdb";
import { otelTables } from "./otel-tables.ts";

interface Window {
  readonly fromS: number;
  readonly toS: number;
}

/** The baseline's tables, and the questions as the exporter's users ask them. Each returns its number of rows. */
export interface NaiveStore {
  insertFile(file: string): Promise<void>;
  run(sql: string): Promise<string>;
  readTrace(traceId: string): Promise<number>;
  readEndpoints(window: Window): Promise<number>;
  readServiceEdges(window: Window): Promise<number>;
  searchUser(userId: string, window: Window): Promise<number>;
  close(): void;
}

/** In a ClickHouse that this process may have opened already. */
export async function openNaiveStore(clickhouseFolder: string): Promise<NaiveStore> {
  const session = new Session(clickhouseFolder);
  const run = async (sql: string) => (await session.queryAsync(sql)).text();
  const count = async (sql: string) =>
    (await run(`${sql} FORMAT JSONEachRow`)).split("\n").length - 1;
  for (const sql of otelTables) await run(sql);
  await run("SET async_insert = 0, max_insert_threads = 1");
  return {
    run,
    insertFile: async (file) =>
      void (await run(`INSERT INTO naive.otel_traces FROM INFILE '${file}' FORMAT JSONEachRow`)),
    readTrace: (traceId) =>
      count(`
        WITH
          (SELECT min(Start) FROM naive.otel_traces_trace_id_ts WHERE TraceId = '${traceId}') AS first,
          (SELECT max(End) + 1 FROM naive.otel_traces_trace_id_ts WHERE TraceId = '${traceId}') AS last
        SELECT * FROM naive.otel_traces
        WHERE TraceId = '${traceId}' AND Timestamp >= first AND Timestamp <= last
        ORDER BY Timestamp`),
    readEndpoints: (window) =>
      count(`
        SELECT ServiceName, SpanName, count() AS requests, countIf(StatusCode = 'Error') AS errors,
          quantiles(0.5, 0.95)(Duration) AS percentiles
        FROM naive.otel_traces
        WHERE ${within("Timestamp", window)} AND SpanKind = 'Server'
        GROUP BY ServiceName, SpanName
        ORDER BY sum(Duration) DESC
        LIMIT 500`),
    readServiceEdges: (window) =>
      count(`
        SELECT caller.ServiceName AS source, callee.ServiceName AS destination, count() AS calls,
          sum(callee.Duration) AS total
        FROM naive.otel_traces AS callee
        INNER JOIN naive.otel_traces AS caller
          ON callee.TraceId = caller.TraceId AND callee.ParentSpanId = caller.SpanId
        WHERE ${within("callee.Timestamp", window)} AND ${within("caller.Timestamp", window)}
          AND callee.ServiceName != caller.ServiceName
        GROUP BY source, destination
        ORDER BY total DESC
        LIMIT 1000`),
    searchUser: (userId, window) =>
      count(`
        SELECT TraceId, SpanId, ServiceName, SpanName, Timestamp, Duration
        FROM naive.otel_traces
        WHERE ${within("Timestamp", window)} AND SpanAttributes['user.id'] = '${userId}'
          AND has(mapValues(SpanAttributes), '${userId}')
        ORDER BY Timestamp DESC
        LIMIT 100`),
    close: () => session.close(),
  };
}

function within(column: string, { fromS, toS }: Window): string {
  return `${column} >= toDateTime64(${fromS}, 9) AND ${column} < toDateTime64(${toS}, 9)`;
}
