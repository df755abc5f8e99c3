-- The findings as they were last merged: one body (JSON of a Finding) per fingerprint. What users do to a finding is
-- in `finding_events`. Serves findings and findings-by-id.
CREATE TABLE IF NOT EXISTS findings {{on_cluster}} (
  fingerprint         FixedString(32),
  updated             DateTime64(3, 'UTC'),
  detector            LowCardinality(String),
  service             LowCardinality(String),
  environment         LowCardinality(String),
  http_request_method LowCardinality(String),
  http_route          LowCardinality(String),
  -- order of the list, largest first
  rank                Float64,
  body                String CODEC(ZSTD(1))
)
ENGINE = {{engine:ReplacingMergeTree(updated)}}
ORDER BY fingerprint
TTL toDateTime(updated) + INTERVAL 400 DAY
