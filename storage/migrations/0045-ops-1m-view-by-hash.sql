-- Fills `ops_1m` as before, grouped by sixteen bytes: six texts as keys were a third of the view. A hash of one text is computed for each
-- distinct text of a block; two operations are taken for one where their sums are equal, one in 2^64. Serves endpoints and the window
-- detectors.
ALTER TABLE ops_1m_view {{on_cluster}} MODIFY QUERY
SELECT
  toStartOfMinute(ts) AS minute,
  any(spans.service) AS service,
  any(spans.environment) AS environment,
  any(spans.service_version) AS service_version,
  any(spans.name) AS name,
  kind,
  any(spans.http_request_method) AS http_request_method,
  any(spans.http_route) AS http_route,
  status_code,
  if(kind IN (2, 5), toUInt16(floor(log2(duration + 1) * 8)), 0) AS bucket,
  count() AS c,
  sum(weight) AS w,
  sum(repeats * weight) AS n,
  sum(duration) AS s
FROM spans
GROUP BY
  minute, kind, status_code, bucket,
  sipHash64(spans.service) + 3 * sipHash64(spans.environment) + 5 * sipHash64(spans.service_version)
    + 7 * sipHash64(spans.name) + 11 * sipHash64(spans.http_request_method) + 13 * sipHash64(spans.http_route)
