-- Fills `trace_arrivals` as before, with durations rounded up to 131 us: their last bits took a tenth of the table. `long_calls_ns` is
-- 131 us more than that, so that it is not less without the longest call than it was. Kinds: 2 server, 3 client, 4 producer,
-- 5 consumer; status 2 is error.
ALTER TABLE trace_arrivals_view {{on_cluster}} MODIFY QUERY
WITH sumIf(group_long_ns, shape_id != 0) AS long_ns
SELECT
  toStartOfMinute(now('UTC')) AS minute,
  trace_id,
  now64(3, 'UTC') AS first,
  now64(3, 'UTC') AS last,
  toDateTime(min(group_from), 'UTC') AS from,
  toDateTime(max(group_to), 'UTC') AS to,
  sum(group_spans) AS spans,
  sum(group_roots) AS roots,
  maxIf(group_calls, shape_id != 0) AS repeats,
  maxIf(group_failures, shape_id != 0) AS failures,
  if(long_ns = 0, 0, bitShiftLeft(bitShiftRight(long_ns + 131071, 17) + 1, 17)) AS long_calls_ns,
  bitShiftLeft(bitShiftRight(maxIf(group_longest_ns, shape_id != 0) + 131071, 17), 17) AS longest_call_ns,
  bitShiftLeft(bitShiftRight(maxIf(group_longest_ns, shape_id != 0 AND group_is_query) + 131071, 17), 17) AS longest_query_ns,
  bitShiftLeft(bitShiftRight(max(group_longest_other_ns) + 131071, 17), 17) AS longest_other_ns,
  max(group_rows) AS returned_rows,
  max(group_bytes) AS response_bytes,
  sum(group_waits_ns) AS waits_ns,
  sum(group_transactions) AS transactions,
  sum(group_blocks) AS blocks
FROM (
  SELECT
    trace_id,
    shape_id,
    min(ts) AS group_from,
    max(addNanoseconds(ts, duration)) AS group_to,
    count() AS group_spans,
    countIf(parent_span_id = toFixedString('', 8)) AS group_roots,
    sum(repeats) AS group_calls,
    sumIf(repeats, status_code = 2) AS group_failures,
    -- a call waits for its connection before its span begins
    sumIf(duration + pool_wait_ns, duration + pool_wait_ns >= 10000000) AS group_long_ns,
    max(duration + pool_wait_ns) AS group_longest_ns,
    max(db_system_name) != '' AS group_is_query,
    maxIf(duration, kind IN (2, 3, 4, 5) AND db_system_name = '') AS group_longest_other_ns,
    max(returned_rows) AS group_rows,
    maxIf(spans.response_bytes, kind = 2) AS group_bytes,
    sumIf(duration, match(name, '^(pg-pool[.]connect|generic-pool[.]acquire|pool[.](acquire|connect|checkout|getConnection)|.*getConnection|sql[.]conn[.]open|db[.]connection[.]acquire)$'))
      + sum(pool_wait_ns) AS group_waits_ns,
    countIf(match(db_query_summary, '^(?i)(BEGIN|START)') OR match(name, '(?i)(^|[.: ])[$]?transaction$')) AS group_transactions,
    countIf(name = 'event loop blocked') AS group_blocks
  FROM spans
  GROUP BY trace_id, shape_id
)
GROUP BY trace_id
