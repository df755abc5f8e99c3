import { type SpanColumnName, spanColumns } from "../../storage/span-columns.ts";
import { createAttributeColumns } from "./attribute-writer.ts";
import { Block } from "./block.ts";
import { Column } from "./column.ts";
import type { KeyDictionary } from "./key-dictionary.ts";
import { MapColumn, type NativeColumn, TupleArrayColumn } from "./native-block.ts";

export type SpanBlock = Block<SpanBlockColumns>;

export function createSpanBlock(): SpanBlock {
  return new Block(spanColumns, createColumns);
}

function createColumns(keys: KeyDictionary) {
  return {
    ts: new Column(),
    duration: new Column(),
    received: new Column(),
    trace_id: new Column(),
    span_id: new Column(),
    parent_span_id: new Column(),
    trace_state: new Column(),
    flags: new Column(),
    name: new Column(),
    kind: new Column(),
    status_code: new Column(),
    status_message: new Column(),
    service: new Column(),
    environment: new Column(),
    service_version: new Column(),
    resource_id: new Column(),
    scope_name: new Column(),
    scope_version: new Column(),
    weight: new Column(),
    repeats: new Column(),
    http_request_method: new Column(),
    http_route: new Column(),
    http_response_status_code: new Column(),
    url_path: new Column(),
    url_template: new Column(),
    server_address: new Column(),
    db_system_name: new Column(),
    db_namespace: new Column(),
    db_collection_name: new Column(),
    db_query_summary: new Column(),
    db_query_text: new Column(),
    messaging_destination_name: new Column(),
    peer: new Column(),
    error_type: new Column(),
    code_file_path: new Column(),
    code_line_number: new Column(),
    code_function_name: new Column(),
    shape_id: new Column(),
    params_hash: new Column(),
    returned_rows: new Column(),
    ...createAttributeColumns(keys),
    events: new TupleArrayColumn({
      ts: new Column(),
      name: new Column(),
      attributes: new MapColumn(keys),
      attributesJson: new MapColumn(keys),
    }),
    links: new TupleArrayColumn({
      traceId: new Column(),
      spanId: new Column(),
      traceState: new Column(),
      attributes: new MapColumn(keys),
      attributesJson: new MapColumn(keys),
    }),
    resource_attributes: new MapColumn(keys),
    resource_attributes_json: new MapColumn(keys),
    scope_attributes: new MapColumn(keys),
  } satisfies Record<SpanColumnName, NativeColumn>;
}

export type SpanBlockColumns = ReturnType<typeof createColumns>;
