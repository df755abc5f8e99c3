-- One row per log record, in trace order: the logs of a trace lie together within their hour. Serves trace-logs.
--
-- ts            when it happened; where the source gave no time, when it was first observed
-- observed_ts   when it was first observed; where nobody said so, when the request came
-- trace_id, span_id  zeros: written outside of any span
-- body, body_json    the body when it is text, else the body as OTLP JSON AnyValue text
CREATE TABLE IF NOT EXISTS logs {{on_cluster}} (
  ts                       DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  observed_ts              DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  trace_id                 FixedString(16) CODEC(ZSTD(1)),
  span_id                  FixedString(8) CODEC(ZSTD(1)),
  flags                    UInt32 CODEC(ZSTD(1)),
  severity_number          UInt8 CODEC(ZSTD(1)),
  severity_text            LowCardinality(String) CODEC(ZSTD(1)),
  event_name               LowCardinality(String) CODEC(ZSTD(1)),
  body                     String CODEC(ZSTD(1)),
  body_json                String CODEC(ZSTD(1)),
  attributes               Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  attributes_int           Map(LowCardinality(String), Int64) CODEC(ZSTD(1)),
  attributes_double        Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
  attributes_bool          Map(LowCardinality(String), Bool) CODEC(ZSTD(1)),
  attributes_json          Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  received                 DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  service                  LowCardinality(String) CODEC(ZSTD(1)),
  environment              LowCardinality(String) CODEC(ZSTD(1)),
  service_version          LowCardinality(String) CODEC(ZSTD(1)),
  resource_id              UInt64 CODEC(ZSTD(1)),
  scope_name               LowCardinality(String) CODEC(ZSTD(1)),
  scope_version            LowCardinality(String) CODEC(ZSTD(1)),
  scope_attributes         Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  resource_attributes      Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  resource_attributes_json Map(LowCardinality(String), String) CODEC(ZSTD(1))
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toDate(ts)
ORDER BY (toStartOfHour(ts), trace_id, ts)
TTL toDateTime(ts) + INTERVAL {{retention_days}} DAY
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, {{deduplication_window}} = 10000
