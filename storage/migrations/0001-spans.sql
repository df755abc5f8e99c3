-- One row per span, in trace order: a trace is read from a few granules, and its ids compress to a byte.
--
-- Attributes keep their type: strings, ints, doubles and bools have a map each; arrays, key-value lists and
-- bytes are OTLP JSON AnyValue text in attributes_json. An attribute that has a column of its own (http_route …)
-- is not repeated in a map. Resource attributes stand on the first span of each request that carries the
-- resource, and `resources_view` copies them into `resources`.
--
-- weight     1 / sampling probability, from the trace state's ot=th; 1 when every trace is kept
-- repeats    how many calls the span stands for: 1, or the count of a summary span
-- shape_id   hash of what is called, without its values: the normalised SQL, or method + host + URL template; 0: no call
-- params_hash  the agent's keyed hash of a query's parameters; 0: unknown
-- returned_rows  rows that the call returned; -1: unknown
CREATE TABLE IF NOT EXISTS spans {{on_cluster}} (
  ts                         DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  duration                   UInt64 CODEC(ZSTD(1)),
  received                   DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  trace_id                   FixedString(16) CODEC(ZSTD(1)),
  span_id                    FixedString(8) CODEC(NONE),
  parent_span_id             FixedString(8) CODEC(ZSTD(1)),
  trace_state                String CODEC(ZSTD(1)),
  flags                      UInt32 CODEC(ZSTD(1)),
  name                       LowCardinality(String) CODEC(ZSTD(1)),
  kind                       UInt8 CODEC(ZSTD(1)),
  status_code                UInt8 CODEC(ZSTD(1)),
  status_message             String CODEC(ZSTD(1)),
  service                    LowCardinality(String) CODEC(ZSTD(1)),
  environment                LowCardinality(String) CODEC(ZSTD(1)),
  service_version            LowCardinality(String) CODEC(ZSTD(1)),
  resource_id                UInt64 CODEC(ZSTD(1)),
  scope_name                 LowCardinality(String) CODEC(ZSTD(1)),
  scope_version              LowCardinality(String) CODEC(ZSTD(1)),
  weight                     Float64 DEFAULT 1 CODEC(ZSTD(1)),
  repeats                    UInt32 DEFAULT 1 CODEC(ZSTD(1)),
  http_request_method        LowCardinality(String) CODEC(ZSTD(1)),
  http_route                 LowCardinality(String) CODEC(ZSTD(1)),
  http_response_status_code  UInt16 CODEC(ZSTD(1)),
  url_path                   String CODEC(ZSTD(1)),
  url_template               LowCardinality(String) CODEC(ZSTD(1)),
  server_address             LowCardinality(String) CODEC(ZSTD(1)),
  db_system_name             LowCardinality(String) CODEC(ZSTD(1)),
  db_namespace               LowCardinality(String) CODEC(ZSTD(1)),
  db_collection_name         LowCardinality(String) CODEC(ZSTD(1)),
  db_query_summary           LowCardinality(String) CODEC(ZSTD(1)),
  db_query_text              String CODEC(ZSTD(1)),
  messaging_destination_name LowCardinality(String) CODEC(ZSTD(1)),
  peer                       LowCardinality(String) CODEC(ZSTD(1)),
  error_type                 LowCardinality(String) CODEC(ZSTD(1)),
  code_file_path             LowCardinality(String) CODEC(ZSTD(1)),
  code_line_number           UInt32 CODEC(ZSTD(1)),
  code_function_name         LowCardinality(String) CODEC(ZSTD(1)),
  shape_id                   UInt64 CODEC(ZSTD(1)),
  params_hash                UInt64 CODEC(ZSTD(1)),
  returned_rows              Int64 DEFAULT -1 CODEC(ZSTD(1)),
  attributes                 Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  attributes_int             Map(LowCardinality(String), Int64) CODEC(ZSTD(1)),
  attributes_double          Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
  attributes_bool            Map(LowCardinality(String), Bool) CODEC(ZSTD(1)),
  attributes_json            Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  events                     Array(Tuple(ts DateTime64(9, 'UTC'), name LowCardinality(String), attributes Map(LowCardinality(String), String), attributes_json Map(LowCardinality(String), String))) CODEC(ZSTD(1)),
  links                      Array(Tuple(trace_id FixedString(16), span_id FixedString(8), trace_state String, attributes Map(LowCardinality(String), String), attributes_json Map(LowCardinality(String), String))) CODEC(ZSTD(1)),
  resource_attributes        Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  resource_attributes_json   Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  scope_attributes           Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  -- attribute search: values of one user or tenant share granules in trace order, so the index stays small
  INDEX attribute_values mapValues(attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX span_time ts TYPE minmax GRANULARITY 1
)
ENGINE = {{engine:MergeTree}}
PARTITION BY toDate(ts)
ORDER BY (toStartOfHour(ts), trace_id, ts)
TTL toDateTime(ts) + INTERVAL {{retention_days}} DAY
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, {{deduplication_window}} = 10000
