-- Fills `trace_arrivals`. Serves settled-traces.
CREATE MATERIALIZED VIEW IF NOT EXISTS trace_arrivals_view {{on_cluster}} TO trace_arrivals AS
SELECT
  toStartOfMinute(now('UTC')) AS minute,
  trace_id,
  now64(3, 'UTC') AS first,
  now64(3, 'UTC') AS last,
  toDateTime(min(ts), 'UTC') AS from,
  toDateTime(max(ts), 'UTC') AS to
FROM spans
GROUP BY trace_id
