-- The spans under the names and types of the OpenTelemetry exporter's table, for dashboards made for it. Ask it with
-- bounds of Timestamp, as these do: they are what the primary key knows. Our own queries never read it.
CREATE VIEW IF NOT EXISTS otel_traces {{on_cluster}} AS
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
