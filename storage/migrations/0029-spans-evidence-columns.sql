-- What detectors read of a span's attributes: reading a whole map for one key costs as much as all other columns. Zeros and
-- empty texts take next to nothing. Of rows of before, ClickHouse computes them from the maps. Serves trace-spans and
-- trace_arrivals_view.
--
-- block_cause  of a span that tells of a blocked event loop: 2 in the request that blocked it, 1 in one that it held up; 0: no such span
ALTER TABLE spans {{on_cluster}}
  ADD COLUMN IF NOT EXISTS response_bytes           Int64 MATERIALIZED greatest(attributes_int['http.response.body.size'], attributes_int['http.response.size'], attributes_int['http.response_content_length']) CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS pool_wait_ns             UInt64 MATERIALIZED toUInt64(1e6 * greatest(0, attributes_double['culprit.pool.wait_ms'] + attributes_int['culprit.pool.wait_ms'])) CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS transaction_id           String MATERIALIZED if(mapContains(attributes_int, 'culprit.transaction.id'), toString(attributes_int['culprit.transaction.id']), attributes['culprit.transaction.id']) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS block_cause              UInt8 MATERIALIZED if(mapContains(attributes_bool, 'culprit.event_loop.is_cause'), 1 + toUInt8(attributes_bool['culprit.event_loop.is_cause']), 0) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS repeat_duration_sum_ns   Int64 MATERIALIZED attributes_int['culprit.repeat.duration_sum_ns'] CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS repeat_duration_union_ns Int64 MATERIALIZED attributes_int['culprit.repeat.duration_union_ns'] CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS repeat_distinct_params   Int64 MATERIALIZED attributes_int['culprit.repeat.distinct_params'] CODEC(T64, ZSTD(1))
