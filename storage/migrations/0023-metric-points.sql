-- One row per data point of any kind of metric, by service and name: a metric of one service is one range of each hour,
-- and within it a series is one run in order of time, so that ids, bounds and values compress. Serves metric-latest,
-- metric-series.
--
-- kind        which of the columns below count; the others are empty
-- gauge, sum  value_type says which of value_int and value_double it is; none: flags say that nothing was recorded
-- histogram   count, sum, min, max, explicit_bounds, bucket_counts (one more than bounds)
-- exponential_histogram  count, sum, min, max, scale, zero_count, zero_threshold, offsets and counts of both halves
-- summary     count, sum, quantiles
-- start_ts    where the interval of a sum or histogram begins; 1970: unknown
-- series_id   hash of resource, scope, name and attributes: equal id is the same series
CREATE TABLE IF NOT EXISTS metric_points {{on_cluster}} (
  ts                       DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  start_ts                 DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  name                     LowCardinality(String) CODEC(ZSTD(1)),
  description              LowCardinality(String) CODEC(ZSTD(1)),
  unit                     LowCardinality(String) CODEC(ZSTD(1)),
  metadata                 Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  kind                     Enum8('gauge' = 1, 'sum' = 2, 'histogram' = 3, 'exponential_histogram' = 4, 'summary' = 5) CODEC(ZSTD(1)),
  temporality              Enum8('unspecified' = 0, 'delta' = 1, 'cumulative' = 2) CODEC(ZSTD(1)),
  is_monotonic             Bool CODEC(ZSTD(1)),
  flags                    UInt32 CODEC(ZSTD(1)),
  series_id                UInt64 CODEC(ZSTD(1)),
  value_type               Enum8('none' = 0, 'int' = 1, 'double' = 2) CODEC(ZSTD(1)),
  value_int                Int64 CODEC(Delta(8), ZSTD(1)),
  value_double             Float64 CODEC(ZSTD(1)),
  value                    Float64 ALIAS if(value_type = 'int', toFloat64(value_int), value_double),
  count                    UInt64 CODEC(Delta(8), ZSTD(1)),
  sum                      Nullable(Float64) CODEC(ZSTD(1)),
  min                      Nullable(Float64) CODEC(ZSTD(1)),
  max                      Nullable(Float64) CODEC(ZSTD(1)),
  explicit_bounds          Array(Float64) CODEC(ZSTD(1)),
  bucket_counts            Array(UInt64) CODEC(ZSTD(1)),
  scale                    Int32 CODEC(ZSTD(1)),
  zero_count               UInt64 CODEC(ZSTD(1)),
  zero_threshold           Float64 CODEC(ZSTD(1)),
  positive_offset          Int32 CODEC(ZSTD(1)),
  positive_bucket_counts   Array(UInt64) CODEC(ZSTD(1)),
  negative_offset          Int32 CODEC(ZSTD(1)),
  negative_bucket_counts   Array(UInt64) CODEC(ZSTD(1)),
  quantiles                Array(Tuple(quantile Float64, value Float64)) CODEC(ZSTD(1)),
  exemplars                Array(Tuple(ts DateTime64(9, 'UTC'), trace_id FixedString(16), span_id FixedString(8), value_type Enum8('none' = 0, 'int' = 1, 'double' = 2), value_int Int64, value_double Float64, attributes Map(LowCardinality(String), String), attributes_json Map(LowCardinality(String), String))) CODEC(ZSTD(1)),
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
ORDER BY (service, name, toStartOfHour(ts), series_id, ts)
TTL toDateTime(ts) + INTERVAL {{retention_days}} DAY
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, {{deduplication_window}} = 10000
