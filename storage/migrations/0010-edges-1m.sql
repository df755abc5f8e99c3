-- Who calls whom, per minute: the service map without a join of spans. Columns as in `ops_1m`; e: errors.
CREATE TABLE IF NOT EXISTS edges_1m {{on_cluster}} (
  minute      DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  source      LowCardinality(String),
  destination LowCardinality(String),
  environment LowCardinality(String),
  kind        UInt8,
  c           UInt64 CODEC(ZSTD(1)),
  w           Float64 CODEC(ZSTD(1)),
  n           Float64 CODEC(ZSTD(1)),
  e           UInt64 CODEC(ZSTD(1)),
  s           UInt64 CODEC(ZSTD(1))
)
ENGINE = {{engine:SummingMergeTree}}
PARTITION BY toDate(minute)
ORDER BY (source, destination, environment, kind, minute)
TTL minute + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, {{deduplication_window}} = 10000
