-- Fills `trace_arrivals` as before, grouped once, by trace: the most calls of one shape are counted in its list of shapes. Where spans
-- stand for several calls, all that they stand for is added: never less than what the trace has. Kinds: 2 server, 3 client, 4 producer,
-- 5 consumer; status 2 is error.
ALTER TABLE trace_arrivals_view {{on_cluster}} MODIFY QUERY
WITH
  shape_id != 0 AS is_call,
  is_call AND status_code = 2 AS is_failure,
  db_system_name != '' AS is_query,
  -- a call waits for its connection before its span begins
  sumIf(duration + pool_wait_ns, is_call AND duration + pool_wait_ns >= 10000000) AS long_ns
SELECT
  toStartOfMinute(now('UTC')) AS minute,
  trace_id,
  now64(3, 'UTC') AS first,
  now64(3, 'UTC') AS last,
  toDateTime(min(ts), 'UTC') AS from,
  toDateTime(max(addNanoseconds(ts, duration)), 'UTC') AS to,
  count() AS spans,
  countIf(parent_span_id = toFixedString('', 8)) AS roots,
  arrayMax(arrayEnumerateUniq(groupArrayIf(shape_id, is_call))) + sumIf(spans.repeats - 1, is_call) AS repeats,
  arrayMax(arrayEnumerateUniq(groupArrayIf(shape_id, is_failure))) + sumIf(spans.repeats - 1, is_failure) AS failures,
  if(long_ns = 0, 0, bitShiftLeft(bitShiftRight(long_ns + 131071, 17) + 1, 17)) AS long_calls_ns,
  bitShiftLeft(bitShiftRight(maxIf(duration + pool_wait_ns, is_call) + 131071, 17), 17) AS longest_call_ns,
  bitShiftLeft(bitShiftRight(maxIf(duration + pool_wait_ns, is_call AND is_query) + 131071, 17), 17) AS longest_query_ns,
  bitShiftLeft(bitShiftRight(maxIf(duration, kind >= 2 AND NOT is_query) + 131071, 17), 17) AS longest_other_ns,
  max(spans.returned_rows) AS returned_rows,
  maxIf(spans.response_bytes, kind = 2) AS response_bytes,
  sumIf(duration, match(name, '^(pg-pool[.]connect|generic-pool[.]acquire|pool[.](acquire|connect|checkout|getConnection)|.*getConnection|sql[.]conn[.]open|db[.]connection[.]acquire)$'))
    + sum(pool_wait_ns) AS waits_ns,
  countIf(match(db_query_summary, '^(?i)(BEGIN|START)') OR match(name, '(?i)(^|[.: ])[$]?transaction$')) AS transactions,
  countIf(name = 'event loop blocked') AS blocks
FROM spans
GROUP BY trace_id
