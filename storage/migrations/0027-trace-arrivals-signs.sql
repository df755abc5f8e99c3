-- Signs of what detectors look for, known when spans arrive and never less than what the trace has: so most traces are
-- not read at all. Filled by trace_arrivals_view; `sum` over inserts where a group of calls may arrive in parts. The
-- defaults are those of rows without signs, which may have anything. Serves settled-traces.
--
-- roots          spans without a parent: 0 says that the trace began elsewhere, or earlier
-- repeats        the most calls of one service with one shape; failures: of them those that failed
-- long_calls     time of all calls of 10 ms or more; longest_…: of one call, one database call, one other span with a kind
-- waits          time in checkouts of a pool, and waits that the agent told
ALTER TABLE trace_arrivals {{on_cluster}}
  ADD COLUMN IF NOT EXISTS spans           SimpleAggregateFunction(sum, UInt64) DEFAULT 0 CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS roots           SimpleAggregateFunction(sum, UInt64) DEFAULT 0 CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS repeats         SimpleAggregateFunction(sum, UInt64) DEFAULT 1000000000 CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS failures        SimpleAggregateFunction(sum, UInt64) DEFAULT 1000000000 CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS long_calls_ns   SimpleAggregateFunction(sum, UInt64) DEFAULT 1000000000000000 CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS longest_call_ns SimpleAggregateFunction(max, UInt64) DEFAULT 1000000000000 CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS longest_query_ns SimpleAggregateFunction(max, UInt64) DEFAULT 1000000000000 CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS longest_other_ns SimpleAggregateFunction(max, UInt64) DEFAULT 1000000000000 CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS returned_rows   SimpleAggregateFunction(max, Int64) DEFAULT 1000000000 CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS response_bytes  SimpleAggregateFunction(max, Int64) DEFAULT 1000000000000 CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS waits_ns        SimpleAggregateFunction(sum, UInt64) DEFAULT 1000000000000000 CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS transactions    SimpleAggregateFunction(sum, UInt64) DEFAULT 1000000000 CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS blocks          SimpleAggregateFunction(sum, UInt64) DEFAULT 1000000000 CODEC(T64, ZSTD(1))
