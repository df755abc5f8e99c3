-- When a trace is, under the names of the OpenTelemetry exporter's table; rows of one trace are merged by who asks. For
-- dashboards made for it: our own queries never read it.
CREATE VIEW IF NOT EXISTS otel_traces_trace_id_ts {{on_cluster}} AS
SELECT
  lower(hex(trace_id)) AS TraceId,
  toDateTime(start) AS Start,
  toDateTime(end) AS End
FROM traces
