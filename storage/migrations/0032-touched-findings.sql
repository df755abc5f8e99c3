-- Findings that one analyzer of several saw in traces, for the one that merges what all of them saw. The time is that of the
-- insert. Serves touched-findings.
CREATE TABLE IF NOT EXISTS touched_findings {{on_cluster}} (
  at          DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'),
  fingerprint FixedString(32),
  detector    LowCardinality(String)
)
ENGINE = {{engine:MergeTree}}
ORDER BY at
TTL toDateTime(at) + INTERVAL 2 DAY
