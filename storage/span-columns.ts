import { attributeColumns, lowCardinality, stringMap } from "./attribute-columns.ts";

/**
 * The columns of `spans`, in the order in which the decoder writes them: the one list that the decoder, the
 * INSERT statement and the migration's test share. A column is added here and in a migration, nowhere else.
 */
export const spanColumns = [
  { name: "ts", nativeType: "DateTime64(9, 'UTC')" },
  { name: "duration", nativeType: "UInt64" },
  { name: "received", nativeType: "DateTime64(3, 'UTC')" },
  { name: "trace_id", nativeType: "FixedString(16)" },
  { name: "span_id", nativeType: "FixedString(8)" },
  { name: "parent_span_id", nativeType: "FixedString(8)" },
  { name: "trace_state", nativeType: "String" },
  { name: "flags", nativeType: "UInt32" },
  { name: "name", nativeType: lowCardinality },
  { name: "kind", nativeType: "UInt8" },
  { name: "status_code", nativeType: "UInt8" },
  { name: "status_message", nativeType: "String" },
  { name: "service", nativeType: lowCardinality },
  { name: "environment", nativeType: lowCardinality },
  { name: "service_version", nativeType: lowCardinality },
  { name: "resource_id", nativeType: "UInt64" },
  { name: "scope_name", nativeType: lowCardinality },
  { name: "scope_version", nativeType: lowCardinality },
  { name: "weight", nativeType: "Float64" },
  { name: "repeats", nativeType: "UInt32" },
  { name: "http_request_method", nativeType: lowCardinality },
  { name: "http_route", nativeType: lowCardinality },
  { name: "http_response_status_code", nativeType: "UInt16" },
  { name: "url_path", nativeType: "String" },
  { name: "url_template", nativeType: lowCardinality },
  { name: "server_address", nativeType: lowCardinality },
  { name: "db_system_name", nativeType: lowCardinality },
  { name: "db_namespace", nativeType: lowCardinality },
  { name: "db_collection_name", nativeType: lowCardinality },
  { name: "db_query_summary", nativeType: lowCardinality },
  { name: "db_query_text", nativeType: "String" },
  { name: "messaging_destination_name", nativeType: lowCardinality },
  { name: "peer", nativeType: lowCardinality },
  { name: "error_type", nativeType: lowCardinality },
  { name: "code_file_path", nativeType: lowCardinality },
  { name: "code_line_number", nativeType: "UInt32" },
  { name: "code_function_name", nativeType: lowCardinality },
  { name: "shape_id", nativeType: "UInt64" },
  { name: "params_hash", nativeType: "UInt64" },
  { name: "returned_rows", nativeType: "Int64" },
  ...attributeColumns,
  {
    name: "events",
    nativeType: `Array(Tuple(ts DateTime64(9, 'UTC'), name String, attributes ${stringMap}, attributes_json ${stringMap}))`,
  },
  {
    name: "links",
    nativeType: `Array(Tuple(trace_id FixedString(16), span_id FixedString(8), trace_state String, attributes ${stringMap}, attributes_json ${stringMap}))`,
  },
  { name: "resource_attributes", nativeType: stringMap },
  { name: "resource_attributes_json", nativeType: stringMap },
  { name: "scope_attributes", nativeType: stringMap },
] as const;

export type SpanColumnName = (typeof spanColumns)[number]["name"];
