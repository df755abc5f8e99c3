-- Fills `traces` with what is read of it: times in whole seconds, and nothing of the root span. Serves trace-bounds, traces-bounds
-- and otel_traces_trace_id_ts.
ALTER TABLE traces_view {{on_cluster}} MODIFY QUERY
SELECT
  toDate(start) AS day,
  trace_id,
  toDateTime(min(ts), 'UTC') AS start,
  toDateTime(max(addNanoseconds(ts, duration)), 'UTC') AS end,
  count() AS spans,
  countIf(status_code = 2) AS errors
FROM spans
GROUP BY trace_id
