-- Fills `ops_1m`. Serves endpoints and the window detectors.
CREATE MATERIALIZED VIEW IF NOT EXISTS ops_1m_view {{on_cluster}} TO ops_1m AS
SELECT
  toStartOfMinute(ts) AS minute,
  service, environment, service_version, name, kind, http_request_method, http_route, status_code,
  toUInt16(floor(log2(duration + 1) * 8)) AS bucket,
  count() AS c,
  sum(weight) AS w,
  sum(repeats * weight) AS n,
  sum(duration) AS s
FROM spans
GROUP BY minute, service, environment, service_version, name, kind, http_request_method, http_route, status_code, bucket
