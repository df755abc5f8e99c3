/**
 * The columns and the sort key of the OpenTelemetry Collector's ClickHouse exporter: ids as hex text, all attribute
 * values as text, Map columns with bloom filters, and a table that knows when each trace was. Durability as ours.
 */
const durability =
  "fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 10000";
const attributes = "Map(LowCardinality(String), String) CODEC(ZSTD(1))";

export const otelTables = [
  "CREATE DATABASE IF NOT EXISTS naive",
  `CREATE TABLE IF NOT EXISTS naive.otel_traces (
    Timestamp          DateTime64(9) CODEC(Delta, ZSTD(1)),
    TraceId            String CODEC(ZSTD(1)),
    SpanId             String CODEC(ZSTD(1)),
    ParentSpanId       String CODEC(ZSTD(1)),
    TraceState         String CODEC(ZSTD(1)),
    SpanName           LowCardinality(String) CODEC(ZSTD(1)),
    SpanKind           LowCardinality(String) CODEC(ZSTD(1)),
    ServiceName        LowCardinality(String) CODEC(ZSTD(1)),
    ResourceAttributes ${attributes},
    ScopeName          String CODEC(ZSTD(1)),
    ScopeVersion       String CODEC(ZSTD(1)),
    SpanAttributes     ${attributes},
    Duration           UInt64 CODEC(ZSTD(1)),
    StatusCode         LowCardinality(String) CODEC(ZSTD(1)),
    StatusMessage      String CODEC(ZSTD(1)),
    Events Nested (Timestamp DateTime64(9), Name LowCardinality(String), Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    Links Nested (TraceId String, SpanId String, TraceState String, Attributes Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_span_attr_key mapKeys(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_span_attr_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_duration Duration TYPE minmax GRANULARITY 1
  )
  ENGINE = MergeTree
  PARTITION BY toDate(Timestamp)
  ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))
  TTL toDateTime(Timestamp) + INTERVAL 14 DAY
  SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, ${durability}`,
  `CREATE TABLE IF NOT EXISTS naive.otel_traces_trace_id_ts (
    TraceId String CODEC(ZSTD(1)),
    Start   DateTime CODEC(Delta, ZSTD(1)),
    End     DateTime CODEC(Delta, ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.01) GRANULARITY 1
  )
  ENGINE = MergeTree
  PARTITION BY toDate(Start)
  ORDER BY (TraceId, Start)
  TTL toDateTime(Start) + INTERVAL 14 DAY
  SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, ${durability}`,
  `CREATE MATERIALIZED VIEW IF NOT EXISTS naive.otel_traces_trace_id_ts_mv TO naive.otel_traces_trace_id_ts AS
  SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End
  FROM naive.otel_traces
  WHERE TraceId != ''
  GROUP BY TraceId`,
];
