-- Fills `ops_1m` with a third of the rows: a histogram only of what serves somebody (kinds: 2 server, 5 consumer), which is all that
-- is read as one. Other operations have `bucket` 0, and their counts and sums. Serves endpoints and the window detectors.
ALTER TABLE ops_1m_view {{on_cluster}} MODIFY QUERY
SELECT
  toStartOfMinute(ts) AS minute,
  service, environment, service_version, name, kind, http_request_method, http_route, status_code,
  if(kind IN (2, 5), toUInt16(floor(log2(duration + 1) * 8)), 0) AS bucket,
  count() AS c,
  sum(weight) AS w,
  sum(repeats * weight) AS n,
  sum(duration) AS s
FROM spans
GROUP BY minute, service, environment, service_version, name, kind, http_request_method, http_route, status_code, bucket
