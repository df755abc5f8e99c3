-- What happened to a finding, appended: the latest of a kind counts. Serves finding-events.
CREATE TABLE IF NOT EXISTS finding_events {{on_cluster}} (
  fingerprint FixedString(32),
  at          DateTime64(3, 'UTC'),
  kind        LowCardinality(String),
  -- JSON
  body        String CODEC(ZSTD(1))
)
ENGINE = {{engine:MergeTree}}
ORDER BY (fingerprint, at)
TTL toDateTime(at) + INTERVAL 400 DAY
