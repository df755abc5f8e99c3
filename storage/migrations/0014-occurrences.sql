-- One row per (fingerprint, trace, detector version): a problem seen in a trace. Examining the trace once more
-- replaces the row. Serves occurrence-totals, occurrence-samples and occurrences-by-trace.
CREATE TABLE IF NOT EXISTS occurrences {{on_cluster}} (
  -- hex, as in the finding
  fingerprint          FixedString(32),
  trace_id             FixedString(32) CODEC(ZSTD(1)),
  detector             LowCardinality(String),
  detector_version     UInt32,
  service              LowCardinality(String),
  environment          LowCardinality(String),
  service_version      LowCardinality(String),
  http_request_method  LowCardinality(String),
  http_route           LowCardinality(String),
  -- start of the trace
  ts                   DateTime64(3, 'UTC') CODEC(ZSTD(1)),
  -- when the detector ran
  seen                 DateTime64(3, 'UTC') CODEC(ZSTD(1)),
  repeats              UInt64 CODEC(ZSTD(1)),
  -- union of the spans in question; the endpoint's span; the part of the spans that is on the critical path
  duration_ns          UInt64 CODEC(ZSTD(1)),
  endpoint_duration_ns UInt64 CODEC(ZSTD(1)),
  critical_ns          UInt64 CODEC(ZSTD(1)),
  confidence           LowCardinality(String),
  -- the guard that held it back; empty: it is reported
  suppressed_by        LowCardinality(String),
  span_ids             Array(String) CODEC(ZSTD(1)),
  -- JSON
  evidence             String CODEC(ZSTD(1)),
  INDEX occurrence_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = {{engine:ReplacingMergeTree(seen)}}
ORDER BY (fingerprint, detector_version, trace_id)
TTL toDateTime(ts) + INTERVAL 30 DAY
