-- 0001-spans.sql
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
CREATE TABLE IF NOT EXISTS spans (
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
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY (intDiv(toUnixTimestamp(ts), 10), trace_id, ts)
TTL toDateTime(ts) + INTERVAL 14 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 10000

-- 0002-resources.sql
-- One row per resource, so that a span carries eight bytes instead of twenty attributes. Serves span-detail.
CREATE TABLE IF NOT EXISTS resources (
  resource_id     UInt64,
  service         LowCardinality(String),
  attributes      Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  attributes_json Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  -- the last request that carried it; a resource outlives its last span by a day
  seen            DateTime('UTC')
)
ENGINE = ReplacingMergeTree(seen)
ORDER BY resource_id
TTL seen + INTERVAL 14 + 1 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 10000

-- 0003-resources-view.sql
-- Fills `resources` from the first span of each request that carries one. Serves span-detail.
CREATE MATERIALIZED VIEW IF NOT EXISTS resources_view TO resources AS
SELECT
  resource_id,
  any(spans.service) AS service,
  any(resource_attributes) AS attributes,
  any(resource_attributes_json) AS attributes_json,
  toDateTime(max(received), 'UTC') AS seen
FROM spans
WHERE notEmpty(resource_attributes) OR notEmpty(resource_attributes_json)
GROUP BY resource_id

-- 0004-spans-by-service.sql
-- Entry spans, roots and errors in order of service and name, where `spans` is in order of trace: about one span in
-- seven. Serves endpoint-sample: the traces of one endpoint in a window.
CREATE TABLE IF NOT EXISTS spans_by_service (
  ts                        DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  duration                  UInt64 CODEC(ZSTD(1)),
  trace_id                  FixedString(16) CODEC(NONE),
  service                   LowCardinality(String) CODEC(ZSTD(1)),
  environment               LowCardinality(String) CODEC(ZSTD(1)),
  service_version           LowCardinality(String) CODEC(ZSTD(1)),
  name                      LowCardinality(String) CODEC(ZSTD(1)),
  kind                      UInt8 CODEC(ZSTD(1)),
  status_code               UInt8 CODEC(ZSTD(1)),
  is_root                   UInt8 CODEC(ZSTD(1)),
  weight                    Float64 CODEC(ZSTD(1)),
  http_request_method       LowCardinality(String) CODEC(ZSTD(1)),
  http_route                LowCardinality(String) CODEC(ZSTD(1)),
  http_response_status_code UInt16 CODEC(ZSTD(1)),
  error_type                LowCardinality(String) CODEC(ZSTD(1)),
  -- within a name rows are in order of time, so a window of an endpoint is a few granules
  INDEX span_time ts TYPE minmax GRANULARITY 1,
  INDEX span_duration duration TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY (service, name, ts)
TTL toDateTime(ts) + INTERVAL 14 DAY
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 10000

-- 0005-spans-by-service-view.sql
-- Fills `spans_by_service`. Kinds: 2 server, 5 consumer; status 2 is error. Serves endpoint-sample.
CREATE MATERIALIZED VIEW IF NOT EXISTS spans_by_service_view TO spans_by_service AS
SELECT
  ts, duration, trace_id, service, environment, service_version, name, kind, status_code,
  parent_span_id = toFixedString('', 8) AS is_root,
  weight, http_request_method, http_route, http_response_status_code, error_type
FROM spans
WHERE kind IN (2, 5) OR parent_span_id = toFixedString('', 8) OR status_code = 2

-- 0006-traces.sql
-- One row per trace and day, merged from one row per insert: read with GROUP BY trace_id. A trace is found by its id
-- alone here, and by its time in `spans`. Serves trace-bounds and settled-traces.
CREATE TABLE IF NOT EXISTS traces (
  day           Date,
  trace_id      FixedString(16),
  start         SimpleAggregateFunction(min, DateTime64(9, 'UTC')) CODEC(ZSTD(1)),
  end           SimpleAggregateFunction(max, DateTime64(9, 'UTC')) CODEC(ZSTD(1)),
  spans         SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  errors        SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  root_service  SimpleAggregateFunction(max, LowCardinality(String)) CODEC(ZSTD(1)),
  root_name     SimpleAggregateFunction(max, LowCardinality(String)) CODEC(ZSTD(1)),
  root_duration SimpleAggregateFunction(max, UInt64) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY day
ORDER BY trace_id
TTL day + INTERVAL 14 + 1 DAY
-- ids come singly or by the hundred, from anywhere: small granules
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 10000

-- 0007-traces-view.sql
-- Fills `traces`. Serves trace-bounds and settled-traces.
CREATE MATERIALIZED VIEW IF NOT EXISTS traces_view TO traces AS
SELECT
  toDate(start) AS day,
  trace_id,
  min(ts) AS start,
  max(addNanoseconds(ts, duration)) AS end,
  count() AS spans,
  countIf(status_code = 2) AS errors,
  maxIf(service, parent_span_id = toFixedString('', 8)) AS root_service,
  maxIf(name, parent_span_id = toFixedString('', 8)) AS root_name,
  maxIf(duration, parent_span_id = toFixedString('', 8)) AS root_duration
FROM spans
GROUP BY trace_id

-- 0008-ops-1m.sql
-- Rate, errors and duration per operation and minute. `bucket` is the log2 histogram of the duration, eight buckets
-- an octave: floor(log2(duration + 1) * 8), so a percentile is within 4.4 % and any rows add up. Serves endpoints,
-- endpoint-totals and the window detectors. sum(c) = count() of spans, always.
--
-- c  rows of spans
-- w  Σ weight: requests, had all been sampled
-- n  Σ repeats * weight: calls
-- s  Σ duration
CREATE TABLE IF NOT EXISTS ops_1m (
  minute              DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  service             LowCardinality(String),
  environment         LowCardinality(String),
  service_version     LowCardinality(String),
  name                LowCardinality(String),
  kind                UInt8,
  http_request_method LowCardinality(String),
  http_route          LowCardinality(String),
  status_code         UInt8,
  bucket              UInt16,
  c                   UInt64 CODEC(ZSTD(1)),
  w                   Float64 CODEC(ZSTD(1)),
  n                   Float64 CODEC(ZSTD(1)),
  s                   UInt64 CODEC(ZSTD(1))
)
ENGINE = SummingMergeTree
PARTITION BY toDate(minute)
ORDER BY (service, name, kind, minute, environment, service_version, http_request_method, http_route, status_code, bucket)
TTL minute + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 10000

-- 0009-ops-1m-view.sql
-- Fills `ops_1m`. Serves endpoints and the window detectors.
CREATE MATERIALIZED VIEW IF NOT EXISTS ops_1m_view TO ops_1m AS
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

-- 0010-edges-1m.sql
-- Who calls whom, per minute: the service map without a join of spans. Columns as in `ops_1m`; e: errors.
CREATE TABLE IF NOT EXISTS edges_1m (
  minute      DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  source      LowCardinality(String),
  destination LowCardinality(String),
  environment LowCardinality(String),
  kind        UInt8,
  c           UInt64 CODEC(ZSTD(1)),
  w           Float64 CODEC(ZSTD(1)),
  n           Float64 CODEC(ZSTD(1)),
  e           UInt64 CODEC(ZSTD(1)),
  s           UInt64 CODEC(ZSTD(1))
)
ENGINE = SummingMergeTree
PARTITION BY toDate(minute)
ORDER BY (source, destination, environment, kind, minute)
TTL minute + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 10000

-- 0011-edges-1m-view.sql
-- Fills `edges_1m` from client (3) and producer (4) spans. Most SDKs set no peer.service, so the destination falls
-- back to what the call names: database, queue, host.
CREATE MATERIALIZED VIEW IF NOT EXISTS edges_1m_view TO edges_1m AS
SELECT
  toStartOfMinute(ts) AS minute,
  service AS source,
  multiIf(peer != '', peer, db_system_name != '', db_system_name,
    messaging_destination_name != '', messaging_destination_name, server_address) AS destination,
  environment,
  kind,
  count() AS c,
  sum(weight) AS w,
  sum(repeats * weight) AS n,
  countIf(status_code = 2) AS e,
  sum(duration) AS s
FROM spans
WHERE kind IN (3, 4) AND destination != ''
GROUP BY minute, source, destination, environment, kind

-- 0012-trace-arrivals.sql
-- When spans of a trace were inserted: what the analyzers have yet to look at. Serves settled-traces.
--
-- Times of arrival are those of the insert and not of the request: what the journal held back while the store was
-- away is new when it comes.
CREATE TABLE IF NOT EXISTS trace_arrivals (
  minute   DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  trace_id FixedString(16),
  first    SimpleAggregateFunction(min, DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
  last     SimpleAggregateFunction(max, DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
  -- time of the spans that arrived
  from     SimpleAggregateFunction(min, DateTime('UTC')) CODEC(ZSTD(1)),
  to       SimpleAggregateFunction(max, DateTime('UTC')) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toDate(minute)
ORDER BY (minute, trace_id)
TTL minute + INTERVAL 2 DAY
SETTINGS ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 10000

-- 0013-trace-arrivals-view.sql
-- Fills `trace_arrivals`. Serves settled-traces.
CREATE MATERIALIZED VIEW IF NOT EXISTS trace_arrivals_view TO trace_arrivals AS
SELECT
  toStartOfMinute(now('UTC')) AS minute,
  trace_id,
  now64(3, 'UTC') AS first,
  now64(3, 'UTC') AS last,
  toDateTime(min(ts), 'UTC') AS from,
  toDateTime(max(ts), 'UTC') AS to
FROM spans
GROUP BY trace_id

-- 0014-occurrences.sql
-- One row per (fingerprint, trace, detector version): a problem seen in a trace. Examining the trace once more
-- replaces the row. Serves occurrence-totals, occurrence-samples and occurrences-by-trace.
CREATE TABLE IF NOT EXISTS occurrences (
  -- hex, as in the finding
  fingerprint          FixedString(32),
  trace_id             FixedString(32) CODEC(ZSTD(1)),
  detector             LowCardinality(String),
  detector_version     UInt32,
  service              LowCardinality(String),
  environment          LowCardinality(String),
  service_version      LowCardinality(String),
  http_request_method  LowCardinality(String),
  http_route           LowCardinality(String),
  -- start of the trace
  ts                   DateTime64(3, 'UTC') CODEC(ZSTD(1)),
  -- when the detector ran
  seen                 DateTime64(3, 'UTC') CODEC(ZSTD(1)),
  repeats              UInt64 CODEC(ZSTD(1)),
  -- union of the spans in question; the endpoint's span; the part of the spans that is on the critical path
  duration_ns          UInt64 CODEC(ZSTD(1)),
  endpoint_duration_ns UInt64 CODEC(ZSTD(1)),
  critical_ns          UInt64 CODEC(ZSTD(1)),
  confidence           LowCardinality(String),
  -- the guard that held it back; empty: it is reported
  suppressed_by        LowCardinality(String),
  span_ids             Array(String) CODEC(ZSTD(1)),
  -- JSON
  evidence             String CODEC(ZSTD(1)),
  INDEX occurrence_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplacingMergeTree(seen)
ORDER BY (fingerprint, detector_version, trace_id)
TTL toDateTime(ts) + INTERVAL 30 DAY

-- 0015-findings.sql
-- The findings as they were last merged: one body (JSON of a Finding) per fingerprint. What users do to a finding is
-- in `finding_events`. Serves findings and findings-by-id.
CREATE TABLE IF NOT EXISTS findings (
  fingerprint         FixedString(32),
  updated             DateTime64(3, 'UTC'),
  detector            LowCardinality(String),
  service             LowCardinality(String),
  environment         LowCardinality(String),
  http_request_method LowCardinality(String),
  http_route          LowCardinality(String),
  -- order of the list, largest first
  rank                Float64,
  body                String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(updated)
ORDER BY fingerprint
TTL toDateTime(updated) + INTERVAL 400 DAY

-- 0016-finding-events.sql
-- What happened to a finding, appended: the latest of a kind counts. Serves finding-events.
CREATE TABLE IF NOT EXISTS finding_events (
  fingerprint FixedString(32),
  at          DateTime64(3, 'UTC'),
  kind        LowCardinality(String),
  -- JSON
  body        String CODEC(ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (fingerprint, at)
TTL toDateTime(at) + INTERVAL 400 DAY

-- 0017-deliveries.sql
-- Attempts to send a message about a finding: the outbox's memory. Serves deliveries.
CREATE TABLE IF NOT EXISTS deliveries (
  fingerprint FixedString(32),
  channel     LowCardinality(String),
  at          DateTime64(3, 'UTC'),
  outcome     LowCardinality(String),
  attempt     UInt32,
  reason      String CODEC(ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (fingerprint, channel, at)
TTL toDateTime(at) + INTERVAL 400 DAY

-- 0018-watermarks.sql
-- How far a worker has come. The names are ours, so rows are bounded without a TTL. Serves watermark.
CREATE TABLE IF NOT EXISTS watermarks (
  name  String,
  at    DateTime64(3, 'UTC'),
  value String
)
ENGINE = ReplacingMergeTree(at)
ORDER BY name

-- 0019-logs.sql
-- One row per log record, in trace order: the logs of a trace lie together within their hour. Serves trace-logs.
--
-- ts            when it happened; where the source gave no time, when it was first observed
-- observed_ts   when it was first observed; where nobody said so, when the request came
-- trace_id, span_id  zeros: written outside of any span
-- body, body_json    the body when it is text, else the body as OTLP JSON AnyValue text
CREATE TABLE IF NOT EXISTS logs (
  ts                       DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  observed_ts              DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  trace_id                 FixedString(16) CODEC(ZSTD(1)),
  span_id                  FixedString(8) CODEC(ZSTD(1)),
  flags                    UInt32 CODEC(ZSTD(1)),
  severity_number          UInt8 CODEC(ZSTD(1)),
  severity_text            LowCardinality(String) CODEC(ZSTD(1)),
  event_name               LowCardinality(String) CODEC(ZSTD(1)),
  body                     String CODEC(ZSTD(1)),
  body_json                String CODEC(ZSTD(1)),
  attributes               Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  attributes_int           Map(LowCardinality(String), Int64) CODEC(ZSTD(1)),
  attributes_double        Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
  attributes_bool          Map(LowCardinality(String), Bool) CODEC(ZSTD(1)),
  attributes_json          Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  received                 DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  service                  LowCardinality(String) CODEC(ZSTD(1)),
  environment              LowCardinality(String) CODEC(ZSTD(1)),
  service_version          LowCardinality(String) CODEC(ZSTD(1)),
  resource_id              UInt64 CODEC(ZSTD(1)),
  scope_name               LowCardinality(String) CODEC(ZSTD(1)),
  scope_version            LowCardinality(String) CODEC(ZSTD(1)),
  scope_attributes         Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  resource_attributes      Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  resource_attributes_json Map(LowCardinality(String), String) CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY (toStartOfHour(ts), trace_id, ts)
TTL toDateTime(ts) + INTERVAL 14 DAY
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 10000

-- 0020-resources-of-logs-view.sql
-- Fills `resources` from the first log record of each request that carries one. Serves span-detail.
CREATE MATERIALIZED VIEW IF NOT EXISTS resources_of_logs_view TO resources AS
SELECT
  resource_id,
  any(logs.service) AS service,
  any(resource_attributes) AS attributes,
  any(resource_attributes_json) AS attributes_json,
  toDateTime(max(received), 'UTC') AS seen
FROM logs
WHERE notEmpty(resource_attributes) OR notEmpty(resource_attributes_json)
GROUP BY resource_id

-- 0021-otel-traces.sql
-- The spans under the names and types of the OpenTelemetry exporter's table, for dashboards made for it. Ask it with
-- bounds of Timestamp, as these do: they are what the primary key knows. Our own queries never read it.
CREATE VIEW IF NOT EXISTS otel_traces AS
SELECT
  spans.ts AS Timestamp,
  lower(hex(spans.trace_id)) AS TraceId,
  lower(hex(spans.span_id)) AS SpanId,
  if(spans.parent_span_id = toFixedString('', 8), '', lower(hex(spans.parent_span_id))) AS ParentSpanId,
  spans.trace_state AS TraceState,
  spans.name AS SpanName,
  CAST(transform(spans.kind, [1, 2, 3, 4, 5], ['Internal', 'Server', 'Client', 'Producer', 'Consumer'], 'Unspecified'), 'LowCardinality(String)') AS SpanKind,
  spans.service AS ServiceName,
  CAST(mapConcat(resource.attributes, resource.attributes_json), 'Map(LowCardinality(String), String)') AS ResourceAttributes,
  CAST(spans.scope_name, 'String') AS ScopeName,
  CAST(spans.scope_version, 'String') AS ScopeVersion,
  -- all as text; what has a column of its own is under its attribute's name again
  CAST(mapConcat(
    mapFilter((k, v) -> v != '', map(
      'http.request.method', toString(spans.http_request_method),
      'http.route', toString(spans.http_route),
      'http.response.status_code', if(spans.http_response_status_code = 0, '', toString(spans.http_response_status_code)),
      'url.path', toString(spans.url_path),
      'url.template', toString(spans.url_template),
      'server.address', toString(spans.server_address),
      'db.system.name', toString(spans.db_system_name),
      'db.namespace', toString(spans.db_namespace),
      'db.collection.name', toString(spans.db_collection_name),
      'db.query.summary', toString(spans.db_query_summary),
      'db.query.text', toString(spans.db_query_text),
      'db.response.returned_rows', if(spans.returned_rows < 0, '', toString(spans.returned_rows)),
      'messaging.destination.name', toString(spans.messaging_destination_name),
      'error.type', toString(spans.error_type),
      'code.file.path', toString(spans.code_file_path),
      'code.line.number', if(spans.code_line_number = 0, '', toString(spans.code_line_number)),
      'code.function.name', toString(spans.code_function_name)
    )),
    CAST(spans.attributes, 'Map(String, String)'),
    mapApply((k, v) -> (toString(k), toString(v)), spans.attributes_int),
    mapApply((k, v) -> (toString(k), toString(v)), spans.attributes_double),
    mapApply((k, v) -> (toString(k), toString(v)), spans.attributes_bool),
    CAST(spans.attributes_json, 'Map(String, String)')
  ), 'Map(LowCardinality(String), String)') AS SpanAttributes,
  spans.duration AS Duration,
  CAST(transform(spans.status_code, [1, 2], ['Ok', 'Error'], 'Unset'), 'LowCardinality(String)') AS StatusCode,
  spans.status_message AS StatusMessage,
  arrayMap(e -> e.ts, spans.events) AS `Events.Timestamp`,
  CAST(arrayMap(e -> e.name, spans.events), 'Array(LowCardinality(String))') AS `Events.Name`,
  arrayMap(e -> CAST(mapConcat(e.attributes, e.attributes_json), 'Map(LowCardinality(String), String)'), spans.events) AS `Events.Attributes`,
  arrayMap(l -> lower(hex(l.trace_id)), spans.links) AS `Links.TraceId`,
  arrayMap(l -> lower(hex(l.span_id)), spans.links) AS `Links.SpanId`,
  arrayMap(l -> l.trace_state, spans.links) AS `Links.TraceState`,
  arrayMap(l -> CAST(mapConcat(l.attributes, l.attributes_json), 'Map(LowCardinality(String), String)'), spans.links) AS `Links.Attributes`
FROM spans
GLOBAL ANY LEFT JOIN resources AS resource ON resource.resource_id = spans.resource_id

-- 0022-otel-traces-trace-id-ts.sql
-- When a trace is, under the names of the OpenTelemetry exporter's table; rows of one trace are merged by who asks. For
-- dashboards made for it: our own queries never read it.
CREATE VIEW IF NOT EXISTS otel_traces_trace_id_ts AS
SELECT
  lower(hex(trace_id)) AS TraceId,
  toDateTime(start) AS Start,
  toDateTime(end) AS End
FROM traces

-- 0023-metric-points.sql
-- One row per data point of any kind of metric, by service and name: a metric of one service is one range of each hour,
-- and within it a series is one run in order of time, so that ids, bounds and values compress. Serves metric-latest,
-- metric-series.
--
-- kind        which of the columns below count; the others are empty
-- gauge, sum  value_type says which of value_int and value_double it is; none: flags say that nothing was recorded
-- histogram   count, sum, min, max, explicit_bounds, bucket_counts (one more than bounds)
-- exponential_histogram  count, sum, min, max, scale, zero_count, zero_threshold, offsets and counts of both halves
-- summary     count, sum, quantiles
-- start_ts    where the interval of a sum or histogram begins; 1970: unknown
-- series_id   hash of resource, scope, name and attributes: equal id is the same series
CREATE TABLE IF NOT EXISTS metric_points (
  ts                       DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  start_ts                 DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  name                     LowCardinality(String) CODEC(ZSTD(1)),
  description              LowCardinality(String) CODEC(ZSTD(1)),
  unit                     LowCardinality(String) CODEC(ZSTD(1)),
  metadata                 Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  kind                     Enum8('gauge' = 1, 'sum' = 2, 'histogram' = 3, 'exponential_histogram' = 4, 'summary' = 5) CODEC(ZSTD(1)),
  temporality              Enum8('unspecified' = 0, 'delta' = 1, 'cumulative' = 2) CODEC(ZSTD(1)),
  is_monotonic             Bool CODEC(ZSTD(1)),
  flags                    UInt32 CODEC(ZSTD(1)),
  series_id                UInt64 CODEC(ZSTD(1)),
  value_type               Enum8('none' = 0, 'int' = 1, 'double' = 2) CODEC(ZSTD(1)),
  value_int                Int64 CODEC(Delta(8), ZSTD(1)),
  value_double             Float64 CODEC(ZSTD(1)),
  value                    Float64 ALIAS if(value_type = 'int', toFloat64(value_int), value_double),
  count                    UInt64 CODEC(Delta(8), ZSTD(1)),
  sum                      Nullable(Float64) CODEC(ZSTD(1)),
  min                      Nullable(Float64) CODEC(ZSTD(1)),
  max                      Nullable(Float64) CODEC(ZSTD(1)),
  explicit_bounds          Array(Float64) CODEC(ZSTD(1)),
  bucket_counts            Array(UInt64) CODEC(ZSTD(1)),
  scale                    Int32 CODEC(ZSTD(1)),
  zero_count               UInt64 CODEC(ZSTD(1)),
  zero_threshold           Float64 CODEC(ZSTD(1)),
  positive_offset          Int32 CODEC(ZSTD(1)),
  positive_bucket_counts   Array(UInt64) CODEC(ZSTD(1)),
  negative_offset          Int32 CODEC(ZSTD(1)),
  negative_bucket_counts   Array(UInt64) CODEC(ZSTD(1)),
  quantiles                Array(Tuple(quantile Float64, value Float64)) CODEC(ZSTD(1)),
  exemplars                Array(Tuple(ts DateTime64(9, 'UTC'), trace_id FixedString(16), span_id FixedString(8), value_type Enum8('none' = 0, 'int' = 1, 'double' = 2), value_int Int64, value_double Float64, attributes Map(LowCardinality(String), String), attributes_json Map(LowCardinality(String), String))) CODEC(ZSTD(1)),
  attributes               Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  attributes_int           Map(LowCardinality(String), Int64) CODEC(ZSTD(1)),
  attributes_double        Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
  attributes_bool          Map(LowCardinality(String), Bool) CODEC(ZSTD(1)),
  attributes_json          Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  received                 DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  service                  LowCardinality(String) CODEC(ZSTD(1)),
  environment              LowCardinality(String) CODEC(ZSTD(1)),
  service_version          LowCardinality(String) CODEC(ZSTD(1)),
  resource_id              UInt64 CODEC(ZSTD(1)),
  scope_name               LowCardinality(String) CODEC(ZSTD(1)),
  scope_version            LowCardinality(String) CODEC(ZSTD(1)),
  scope_attributes         Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  resource_attributes      Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  resource_attributes_json Map(LowCardinality(String), String) CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(ts)
ORDER BY (service, name, toStartOfHour(ts), series_id, ts)
TTL toDateTime(ts) + INTERVAL 14 DAY
SETTINGS index_granularity = 2048, ttl_only_drop_parts = 1, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 10000

-- 0024-resources-of-metrics-view.sql
-- Fills `resources` from the first data point of each request that carries one. Serves span-detail.
CREATE MATERIALIZED VIEW IF NOT EXISTS resources_of_metrics_view TO resources AS
SELECT
  resource_id,
  any(metric_points.service) AS service,
  any(resource_attributes) AS attributes,
  any(resource_attributes_json) AS attributes_json,
  toDateTime(max(received), 'UTC') AS seen
FROM metric_points
WHERE notEmpty(resource_attributes) OR notEmpty(resource_attributes_json)
GROUP BY resource_id

-- 0025-spans-codecs.sql
-- Fewer bytes a span, 2.0 of 47.7: texts repeat further back than ZSTD(1) looks, and the high bits of a duration are zeros.
-- Parts that are there keep their bytes until they are merged.
ALTER TABLE spans
  MODIFY COLUMN duration CODEC(T64, ZSTD(1)),
  MODIFY COLUMN attributes CODEC(ZSTD(3)),
  MODIFY COLUMN attributes_int CODEC(ZSTD(3))

-- 0026-ops-1m-codecs.sql
-- A fifth fewer bytes a row: small numbers in wide columns.
ALTER TABLE ops_1m
  MODIFY COLUMN bucket CODEC(T64, ZSTD(1)),
  MODIFY COLUMN c CODEC(T64, ZSTD(1)),
  MODIFY COLUMN s CODEC(T64, ZSTD(1))

-- 0027-trace-arrivals-signs.sql
-- Signs of what detectors look for, known when spans arrive and never less than what the trace has: so most traces are
-- not read at all. Filled by trace_arrivals_view; `sum` over inserts where a group of calls may arrive in parts. The
-- defaults are those of rows without signs, which may have anything. Serves settled-traces.
--
-- roots          spans without a parent: 0 says that the trace began elsewhere, or earlier
-- repeats        the most calls of one service with one shape; failures: of them those that failed
-- long_calls     time of all calls of 10 ms or more; longest_…: of one call, one database call, one other span with a kind
-- waits          time in checkouts of a pool, and waits that the agent told
ALTER TABLE trace_arrivals
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

-- 0028-trace-arrivals-view-with-signs.sql
-- Fills the signs of `trace_arrivals`, too. Calls are grouped by service and shape first: spans of one process arrive
-- together, so what repeats is seen here. Kinds: 2 server, 3 client, 4 producer, 5 consumer; status 2 is error.
ALTER TABLE trace_arrivals_view MODIFY QUERY
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
  sumIf(group_long_ns, shape_id != 0) AS long_calls_ns,
  maxIf(group_longest_ns, shape_id != 0) AS longest_call_ns,
  maxIf(group_longest_ns, shape_id != 0 AND group_is_query) AS longest_query_ns,
  max(group_longest_other_ns) AS longest_other_ns,
  max(group_rows) AS returned_rows,
  max(group_bytes) AS response_bytes,
  sum(group_waits_ns) AS waits_ns,
  sum(group_transactions) AS transactions,
  sum(group_blocks) AS blocks
FROM (
  WITH
    -- a call waits for its connection before its span begins
    toUInt64(1e6 * greatest(0, attributes_double['culprit.pool.wait_ms'] + attributes_int['culprit.pool.wait_ms'])) AS wait_ns
  SELECT
    trace_id,
    shape_id,
    min(ts) AS group_from,
    max(addNanoseconds(ts, duration)) AS group_to,
    count() AS group_spans,
    countIf(parent_span_id = toFixedString('', 8)) AS group_roots,
    sum(repeats) AS group_calls,
    sumIf(repeats, status_code = 2) AS group_failures,
    sumIf(duration + wait_ns, duration + wait_ns >= 10000000) AS group_long_ns,
    max(duration + wait_ns) AS group_longest_ns,
    max(db_system_name) != '' AS group_is_query,
    maxIf(duration, kind IN (2, 3, 4, 5) AND db_system_name = '') AS group_longest_other_ns,
    max(returned_rows) AS group_rows,
    maxIf(greatest(
      attributes_int['http.response.body.size'],
      attributes_int['http.response.size'],
      attributes_int['http.response_content_length']
    ), kind = 2) AS group_bytes,
    sumIf(duration, match(name, '^(pg-pool[.]connect|generic-pool[.]acquire|pool[.](acquire|connect|checkout|getConnection)|.*getConnection|sql[.]conn[.]open|db[.]connection[.]acquire)$'))
      + sum(wait_ns) AS group_waits_ns,
    countIf(match(db_query_summary, '^(?i)(BEGIN|START)') OR match(name, '(?i)(^|[.: ])[$]?transaction$')) AS group_transactions,
    countIf(name = 'event loop blocked') AS group_blocks
  FROM spans
  GROUP BY trace_id, service, shape_id
)
GROUP BY trace_id

-- 0029-spans-evidence-columns.sql
-- What detectors read of a span's attributes: reading a whole map for one key costs as much as all other columns. Zeros and
-- empty texts take next to nothing. Of rows of before, ClickHouse computes them from the maps. Serves trace-spans and
-- trace_arrivals_view.
--
-- block_cause  of a span that tells of a blocked event loop: 2 in the request that blocked it, 1 in one that it held up; 0: no such span
ALTER TABLE spans
  ADD COLUMN IF NOT EXISTS response_bytes           Int64 MATERIALIZED greatest(attributes_int['http.response.body.size'], attributes_int['http.response.size'], attributes_int['http.response_content_length']) CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS pool_wait_ns             UInt64 MATERIALIZED toUInt64(1e6 * greatest(0, attributes_double['culprit.pool.wait_ms'] + attributes_int['culprit.pool.wait_ms'])) CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS transaction_id           String MATERIALIZED if(mapContains(attributes_int, 'culprit.transaction.id'), toString(attributes_int['culprit.transaction.id']), attributes['culprit.transaction.id']) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS block_cause              UInt8 MATERIALIZED if(mapContains(attributes_bool, 'culprit.event_loop.is_cause'), 1 + toUInt8(attributes_bool['culprit.event_loop.is_cause']), 0) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS repeat_duration_sum_ns   Int64 MATERIALIZED attributes_int['culprit.repeat.duration_sum_ns'] CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS repeat_duration_union_ns Int64 MATERIALIZED attributes_int['culprit.repeat.duration_union_ns'] CODEC(T64, ZSTD(1)),
  ADD COLUMN IF NOT EXISTS repeat_distinct_params   Int64 MATERIALIZED attributes_int['culprit.repeat.distinct_params'] CODEC(T64, ZSTD(1))

-- 0030-trace-arrivals-view-of-columns.sql
-- Fills `trace_arrivals` as before, at half the cost: from columns instead of maps, and calls grouped by shape alone (of two
-- services that make the same call, it counts both). Kinds: 2 server, 3 client, 4 producer, 5 consumer; status 2 is error.
ALTER TABLE trace_arrivals_view MODIFY QUERY
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
  sumIf(group_long_ns, shape_id != 0) AS long_calls_ns,
  maxIf(group_longest_ns, shape_id != 0) AS longest_call_ns,
  maxIf(group_longest_ns, shape_id != 0 AND group_is_query) AS longest_query_ns,
  max(group_longest_other_ns) AS longest_other_ns,
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

-- 0031-learned-orders.sql
-- What an analyzer learned of the order of an endpoint's calls, so that a restart does not forget it. Serves learned-orders.
CREATE TABLE IF NOT EXISTS learned_orders (
  worker   String,
  -- of the way in which calls are named and counted: what another version learned is not read
  version  UInt32,
  -- service, environment, its version, method and route
  endpoint String,
  at       DateTime64(3, 'UTC'),
  -- JSON
  body     String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (worker, version, endpoint)
TTL toDateTime(at) + INTERVAL 30 DAY

-- 0032-touched-findings.sql
-- Findings that one analyzer of several saw in traces, for the one that merges what all of them saw. The time is that of the
-- insert. Serves touched-findings.
CREATE TABLE IF NOT EXISTS touched_findings (
  at          DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'),
  fingerprint FixedString(32),
  detector    LowCardinality(String)
)
ENGINE = MergeTree
ORDER BY at
TTL toDateTime(at) + INTERVAL 2 DAY

-- 0033-spans-merges.sql
-- Merges take ten parts of a size and not five: a span is rewritten a third fewer times, and merging it once costs ClickHouse twice
-- what inserting it does. At most some ten parts more rest in a day, which the questions of pages don't notice.
ALTER TABLE spans MODIFY SETTING merge_selector_base = 10

-- 0034-ops-1m-merges.sql
-- As spans: of the rollups it has the most rows, and as long as its parts are small each merge rewrites all of them.
ALTER TABLE ops_1m MODIFY SETTING merge_selector_base = 10

-- 0035-traces-view-of-what-is-read.sql
-- Fills `traces` with what is read of it: times in whole seconds, and nothing of the root span. Serves trace-bounds, traces-bounds
-- and otel_traces_trace_id_ts.
ALTER TABLE traces_view MODIFY QUERY
SELECT
  toDate(start) AS day,
  trace_id,
  toDateTime(min(ts), 'UTC') AS start,
  toDateTime(max(addNanoseconds(ts, duration)), 'UTC') AS end,
  count() AS spans,
  countIf(status_code = 2) AS errors
FROM spans
GROUP BY trace_id

-- 0036-traces-columns.sql
-- Half the bytes a trace: nanoseconds of its start and end, and its root, took as much as its id, and nobody read them.
ALTER TABLE traces
  MODIFY COLUMN start SimpleAggregateFunction(min, DateTime('UTC')) CODEC(T64, ZSTD(1)),
  MODIFY COLUMN end SimpleAggregateFunction(max, DateTime('UTC')) CODEC(T64, ZSTD(1)),
  DROP COLUMN IF EXISTS root_service,
  DROP COLUMN IF EXISTS root_name,
  DROP COLUMN IF EXISTS root_duration

-- 0037-trace-arrivals-view-rounded.sql
-- Fills `trace_arrivals` as before, with durations rounded up to 131 us: their last bits took a tenth of the table. `long_calls_ns` is
-- 131 us more than that, so that it is not less without the longest call than it was. Kinds: 2 server, 3 client, 4 producer,
-- 5 consumer; status 2 is error.
ALTER TABLE trace_arrivals_view MODIFY QUERY
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

-- 0038-trace-arrivals-codecs.sql
-- A quarter fewer bytes for times of seconds.
ALTER TABLE trace_arrivals
  MODIFY COLUMN from CODEC(T64, ZSTD(1)),
  MODIFY COLUMN to CODEC(T64, ZSTD(1))

-- 0039-spans-codecs-of-repeats.sql
-- Fewer bytes a span, 0.4 of 48: within a trace few requests arrived, whose times repeat, and lengths of answers are mostly zero.
ALTER TABLE spans
  MODIFY COLUMN received CODEC(ZSTD(1)),
  MODIFY COLUMN response_bytes CODEC(ZSTD(1))

-- 0040-spans-response-columns.sql
-- What oversized-response reads of a large answer, as the agent tells it. The text is the header's list in OTLP JSON: of nearly all spans
-- it is empty, and so is the map that it comes from. Serves trace-spans.
ALTER TABLE spans
  ADD COLUMN IF NOT EXISTS response_content_type LowCardinality(String) MATERIALIZED attributes_json['http.response.header.content-type'] CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS response_whole        UInt8 MATERIALIZED toUInt8(attributes_bool['culprit.response.whole']) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS response_uncompressed UInt8 MATERIALIZED toUInt8(attributes_bool['culprit.response.uncompressed']) CODEC(ZSTD(1))

-- 0041-ops-1m-view-of-entry-histograms.sql
-- Fills `ops_1m` with a third of the rows: a histogram only of what serves somebody (kinds: 2 server, 5 consumer), which is all that
-- is read as one. Other operations have `bucket` 0, and their counts and sums. Serves endpoints and the window detectors.
ALTER TABLE ops_1m_view MODIFY QUERY
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

-- 0042-trace-arrivals-view-of-traces.sql
-- Fills `trace_arrivals` as before, grouped once, by trace: the most calls of one shape are counted in its list of shapes. Where spans
-- stand for several calls, all that they stand for is added: never less than what the trace has. Kinds: 2 server, 3 client, 4 producer,
-- 5 consumer; status 2 is error.
ALTER TABLE trace_arrivals_view MODIFY QUERY
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

-- 0043-spans-codecs-of-merges.sql
-- ClickHouse inside: LZ4 when a span is inserted, ZSTD when it is merged (`storage/embedded/server-config.ts`), where ZSTD at once took a
-- fifth of an insert. Servers of your own keep what each column has, for such a rule would have to stand in their configuration.
ALTER TABLE spans
  MODIFY COLUMN ts CODEC(Delta(8), Default),
  MODIFY COLUMN duration CODEC(T64, Default),
  MODIFY COLUMN received CODEC(Default),
  MODIFY COLUMN trace_id CODEC(Default),
  MODIFY COLUMN parent_span_id CODEC(Default),
  MODIFY COLUMN trace_state CODEC(Default),
  MODIFY COLUMN flags CODEC(Default),
  MODIFY COLUMN name CODEC(Default),
  MODIFY COLUMN kind CODEC(Default),
  MODIFY COLUMN status_code CODEC(Default),
  MODIFY COLUMN status_message CODEC(Default),
  MODIFY COLUMN service CODEC(Default),
  MODIFY COLUMN environment CODEC(Default),
  MODIFY COLUMN service_version CODEC(Default),
  MODIFY COLUMN resource_id CODEC(Default),
  MODIFY COLUMN scope_name CODEC(Default),
  MODIFY COLUMN scope_version CODEC(Default),
  MODIFY COLUMN weight CODEC(Default),
  MODIFY COLUMN repeats CODEC(Default),
  MODIFY COLUMN http_request_method CODEC(Default),
  MODIFY COLUMN http_route CODEC(Default),
  MODIFY COLUMN http_response_status_code CODEC(Default),
  MODIFY COLUMN url_path CODEC(Default),
  MODIFY COLUMN url_template CODEC(Default),
  MODIFY COLUMN server_address CODEC(Default),
  MODIFY COLUMN db_system_name CODEC(Default),
  MODIFY COLUMN db_namespace CODEC(Default),
  MODIFY COLUMN db_collection_name CODEC(Default),
  MODIFY COLUMN db_query_summary CODEC(Default),
  MODIFY COLUMN db_query_text CODEC(Default),
  MODIFY COLUMN messaging_destination_name CODEC(Default),
  MODIFY COLUMN peer CODEC(Default),
  MODIFY COLUMN error_type CODEC(Default),
  MODIFY COLUMN code_file_path CODEC(Default),
  MODIFY COLUMN code_line_number CODEC(Default),
  MODIFY COLUMN code_function_name CODEC(Default),
  MODIFY COLUMN shape_id CODEC(Default),
  MODIFY COLUMN params_hash CODEC(Default),
  MODIFY COLUMN returned_rows CODEC(Default),
  MODIFY COLUMN attributes CODEC(Default),
  MODIFY COLUMN attributes_int CODEC(Default),
  MODIFY COLUMN attributes_double CODEC(Default),
  MODIFY COLUMN attributes_bool CODEC(Default),
  MODIFY COLUMN attributes_json CODEC(Default),
  MODIFY COLUMN events CODEC(Default),
  MODIFY COLUMN links CODEC(Default),
  MODIFY COLUMN resource_attributes CODEC(Default),
  MODIFY COLUMN resource_attributes_json CODEC(Default),
  MODIFY COLUMN scope_attributes CODEC(Default),
  MODIFY COLUMN response_bytes CODEC(Default),
  MODIFY COLUMN pool_wait_ns CODEC(T64, Default),
  MODIFY COLUMN transaction_id CODEC(Default),
  MODIFY COLUMN block_cause CODEC(Default),
  MODIFY COLUMN repeat_duration_sum_ns CODEC(T64, Default),
  MODIFY COLUMN repeat_duration_union_ns CODEC(T64, Default),
  MODIFY COLUMN repeat_distinct_params CODEC(T64, Default),
  MODIFY COLUMN response_content_type CODEC(Default),
  MODIFY COLUMN response_whole CODEC(Default),
  MODIFY COLUMN response_uncompressed CODEC(Default)

-- 0044-spans-pool-name.sql
-- Whose connection a call had, as our agent and the semantic conventions call the pool: two pools of one process to one database are two
-- findings of pool-wait, and have other holders. Serves trace-spans.
ALTER TABLE spans
  ADD COLUMN IF NOT EXISTS pool_name LowCardinality(String) MATERIALIZED attributes['db.client.connection.pool.name'] CODEC(ZSTD(1))

-- 0045-ops-1m-view-by-hash.sql
-- Fills `ops_1m` as before, grouped by sixteen bytes: six texts as keys were a third of the view. A hash of one text is computed for each
-- distinct text of a block; two operations are taken for one where their sums are equal, one in 2^64. Serves endpoints and the window
-- detectors.
ALTER TABLE ops_1m_view MODIFY QUERY
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

-- 0046-spans-evidence-of-blocks.sql
-- What detectors read of a span's attributes comes with its block: to look it up in the maps took a twelfth of an insert. Rows of before, and
-- blocks that an earlier version left in the journal, have it computed from the maps as they had.
ALTER TABLE spans
  MODIFY COLUMN response_bytes DEFAULT greatest(attributes_int['http.response.body.size'], attributes_int['http.response.size'], attributes_int['http.response_content_length']),
  MODIFY COLUMN pool_wait_ns DEFAULT toUInt64(1e6 * greatest(0, attributes_double['culprit.pool.wait_ms'] + attributes_int['culprit.pool.wait_ms'])),
  MODIFY COLUMN transaction_id DEFAULT if(mapContains(attributes_int, 'culprit.transaction.id'), toString(attributes_int['culprit.transaction.id']), attributes['culprit.transaction.id']),
  MODIFY COLUMN block_cause DEFAULT if(mapContains(attributes_bool, 'culprit.event_loop.is_cause'), 1 + toUInt8(attributes_bool['culprit.event_loop.is_cause']), 0),
  MODIFY COLUMN repeat_duration_sum_ns DEFAULT attributes_int['culprit.repeat.duration_sum_ns'],
  MODIFY COLUMN repeat_duration_union_ns DEFAULT attributes_int['culprit.repeat.duration_union_ns'],
  MODIFY COLUMN repeat_distinct_params DEFAULT attributes_int['culprit.repeat.distinct_params'],
  MODIFY COLUMN response_content_type DEFAULT attributes_json['http.response.header.content-type'],
  MODIFY COLUMN response_whole DEFAULT toUInt8(attributes_bool['culprit.response.whole']),
  MODIFY COLUMN response_uncompressed DEFAULT toUInt8(attributes_bool['culprit.response.uncompressed']),
  MODIFY COLUMN pool_name DEFAULT attributes['db.client.connection.pool.name']

-- 0047-spans-inserted-as-compact-parts.sql
-- An insert writes its spans to one file, not to two or four for each column: to make, sync and remove 320 files was a third of what it cost.
-- What a merge makes of ten such parts is large enough for files of their own. At most so many bytes, not compressed, as a file of the journal has.
ALTER TABLE spans MODIFY SETTING min_bytes_for_wide_part = 67108864
