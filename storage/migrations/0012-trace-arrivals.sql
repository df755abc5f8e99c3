-- When spans of a trace were inserted: what the analyzers have yet to look at. Serves settled-traces.
--
-- Times of arrival are those of the insert and not of the request: what the journal held back while the store was
-- away is new when it comes.
CREATE TABLE IF NOT EXISTS trace_arrivals {{on_cluster}} (
  minute   DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  trace_id FixedString(16),
  first    SimpleAggregateFunction(min, DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
  last     SimpleAggregateFunction(max, DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
  -- time of the spans that arrived
  from     SimpleAggregateFunction(min, DateTime('UTC')) CODEC(ZSTD(1)),
  to       SimpleAggregateFunction(max, DateTime('UTC')) CODEC(ZSTD(1))
)
ENGINE = {{engine:AggregatingMergeTree}}
PARTITION BY toDate(minute)
ORDER BY (minute, trace_id)
TTL minute + INTERVAL 2 DAY
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, {{deduplication_window}} = 10000
