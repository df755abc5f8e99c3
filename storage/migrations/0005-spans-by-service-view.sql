-- Fills `spans_by_service`. Kinds: 2 server, 5 consumer; status 2 is error. Serves endpoint-sample.
CREATE MATERIALIZED VIEW IF NOT EXISTS spans_by_service_view {{on_cluster}} TO spans_by_service AS
SELECT
  ts, duration, trace_id, service, environment, service_version, name, kind, status_code,
  parent_span_id = toFixedString('', 8) AS is_root,
  weight, http_request_method, http_route, http_response_status_code, error_type
FROM spans
WHERE kind IN (2, 5) OR parent_span_id = toFixedString('', 8) OR status_code = 2
