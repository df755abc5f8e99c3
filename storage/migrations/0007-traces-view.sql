-- Fills `traces`. Serves trace-bounds and settled-traces.
CREATE MATERIALIZED VIEW IF NOT EXISTS traces_view {{on_cluster}} TO traces AS
SELECT
  toDate(start) AS day,
  trace_id,
  min(ts) AS start,
  max(addNanoseconds(ts, duration)) AS end,
  count() AS spans,
  countIf(status_code = 2) AS errors,
  maxIf(service, parent_span_id = toFixedString('', 8)) AS root_service,
  maxIf(name, parent_span_id = toFixedString('', 8)) AS root_name,
  maxIf(duration, parent_span_id = toFixedString('', 8)) AS root_duration
FROM spans
GROUP BY trace_id
