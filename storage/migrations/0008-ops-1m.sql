-- Rate, errors and duration per operation and minute. `bucket` is the log2 histogram of the duration, eight buckets
-- an octave: floor(log2(duration + 1) * 8), so a percentile is within 4.4 % and any rows add up. Serves endpoints,
-- endpoint-totals and the window detectors. sum(c) = count() of spans, always.
--
-- c  rows of spans
-- w  Σ weight: requests, had all been sampled
-- n  Σ repeats * weight: calls
-- s  Σ duration
CREATE TABLE IF NOT EXISTS ops_1m {{on_cluster}} (
  minute              DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  service             LowCardinality(String),
  environment         LowCardinality(String),
  service_version     LowCardinality(String),
  name                LowCardinality(String),
  kind                UInt8,
  http_request_method LowCardinality(String),
  http_route          LowCardinality(String),
  status_code         UInt8,
  bucket              UInt16,
  c                   UInt64 CODEC(ZSTD(1)),
  w                   Float64 CODEC(ZSTD(1)),
  n                   Float64 CODEC(ZSTD(1)),
  s                   UInt64 CODEC(ZSTD(1))
)
ENGINE = {{engine:SummingMergeTree}}
PARTITION BY toDate(minute)
ORDER BY (service, name, kind, minute, environment, service_version, http_request_method, http_route, status_code, bucket)
TTL minute + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, {{deduplication_window}} = 10000
