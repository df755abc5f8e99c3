-- One row per trace and day, merged from one row per insert: read with GROUP BY trace_id. A trace is found by its id
-- alone here, and by its time in `spans`. Serves trace-bounds and settled-traces.
CREATE TABLE IF NOT EXISTS traces {{on_cluster}} (
  day           Date,
  trace_id      FixedString(16),
  start         SimpleAggregateFunction(min, DateTime64(9, 'UTC')) CODEC(ZSTD(1)),
  end           SimpleAggregateFunction(max, DateTime64(9, 'UTC')) CODEC(ZSTD(1)),
  spans         SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  errors        SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  root_service  SimpleAggregateFunction(max, LowCardinality(String)) CODEC(ZSTD(1)),
  root_name     SimpleAggregateFunction(max, LowCardinality(String)) CODEC(ZSTD(1)),
  root_duration SimpleAggregateFunction(max, UInt64) CODEC(ZSTD(1))
)
ENGINE = {{engine:AggregatingMergeTree}}
PARTITION BY day
ORDER BY trace_id
TTL day + INTERVAL {{retention_days}} + 1 DAY
-- ids come singly or by the hundred, from anywhere: small granules
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, {{deduplication_window}} = 10000
