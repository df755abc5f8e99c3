-- One row per resource, so that a span carries eight bytes instead of twenty attributes. Serves span-detail.
CREATE TABLE IF NOT EXISTS resources {{on_cluster}} (
  resource_id     UInt64,
  service         LowCardinality(String),
  attributes      Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  attributes_json Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  -- the last request that carried it; a resource outlives its last span by a day
  seen            DateTime('UTC')
)
ENGINE = {{engine:ReplacingMergeTree(seen)}}
ORDER BY resource_id
TTL seen + INTERVAL {{retention_days}} + 1 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, {{deduplication_window}} = 10000
