-- Attempts to send a message about a finding: the outbox's memory. Serves deliveries.
CREATE TABLE IF NOT EXISTS deliveries {{on_cluster}} (
  fingerprint FixedString(32),
  channel     LowCardinality(String),
  at          DateTime64(3, 'UTC'),
  outcome     LowCardinality(String),
  attempt     UInt32,
  reason      String CODEC(ZSTD(1))
)
ENGINE = {{engine:MergeTree}}
ORDER BY (fingerprint, channel, at)
TTL toDateTime(at) + INTERVAL 400 DAY
