-- What an analyzer learned of the order of an endpoint's calls, so that a restart does not forget it. Serves learned-orders.
CREATE TABLE IF NOT EXISTS learned_orders {{on_cluster}} (
  worker   String,
  -- of the way in which calls are named and counted: what another version learned is not read
  version  UInt32,
  -- service, environment, its version, method and route
  endpoint String,
  at       DateTime64(3, 'UTC'),
  -- JSON
  body     String CODEC(ZSTD(1))
)
ENGINE = {{engine:ReplacingMergeTree(at)}}
ORDER BY (worker, version, endpoint)
TTL toDateTime(at) + INTERVAL 30 DAY
