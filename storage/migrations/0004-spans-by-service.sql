-- Entry spans, roots and errors in order of service and name, where `spans` is in order of trace: about one span in
-- seven. Serves endpoint-sample: the traces of one endpoint in a window.
CREATE TABLE IF NOT EXISTS spans_by_service {{on_cluster}} (
  ts                        DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  duration                  UInt64 CODEC(ZSTD(1)),
  trace_id                  FixedString(16) CODEC(NONE),
  service                   LowCardinality(String) CODEC(ZSTD(1)),
  environment               LowCardinality(String) CODEC(ZSTD(1)),
  service_version           LowCardinality(String) CODEC(ZSTD(1)),
  name                      LowCardinality(String) CODEC(ZSTD(1)),
  kind                      UInt8 CODEC(ZSTD(1)),
  status_code               UInt8 CODEC(ZSTD(1)),
  is_root                   UInt8 CODEC(ZSTD(1)),
  weight                    Float64 CODEC(ZSTD(1)),
  http_request_method       LowCardinality(String) CODEC(ZSTD(1)),
  http_route                LowCardinality(String) CODEC(ZSTD(1)),
  http_response_status_code UInt16 CODEC(ZSTD(1)),
  error_type                LowCardinality(String) CODEC(ZSTD(1)),
  -- within a name rows are in order of time, so a window of an endpoint is a few granules
  INDEX span_time ts TYPE minmax GRANULARITY 1,
  INDEX span_duration duration TYPE minmax GRANULARITY 1
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toDate(ts)
ORDER BY (service, name, ts)
TTL toDateTime(ts) + INTERVAL {{retention_days}} DAY
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, {{deduplication_window}} = 10000
