import { type SpanColumnName, spanColumns } from "../../storage/span-columns.ts";
import { createAttributeColumns } from "./attribute-writer.ts";
import { Block } from "./block.ts";
import { Column } from "./column.ts";
import type { KeyDictionary } from "./key-dictionary.ts";
import { MapColumn, type NativeColumn, TupleArrayColumn } from "./native-block.ts";
import { RareColumn } from "./rare-column.ts";
import { TextColumn } from "./text-column.ts";

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
    name: new TextColumn(),
    kind: new Column(),
    status_code: new Column(),
    status_message: new Column(),
    service: new TextColumn(),
    environment: new TextColumn(),
    service_version: new TextColumn(),
    resource_id: new Column(),
    scope_name: new TextColumn(),
    scope_version: new TextColumn(),
    weight: new Column(),
    repeats: new Column(),
    http_request_method: new TextColumn(),
    http_route: new TextColumn(),
    http_response_status_code: new Column(),
    url_path: new Column(),
    url_template: new TextColumn(),
    server_address: new TextColumn(),
    db_system_name: new TextColumn(),
    db_namespace: new TextColumn(),
    db_collection_name: new TextColumn(),
    db_query_summary: new TextColumn(),
    db_query_text: new Column(),
    messaging_destination_name: new TextColumn(),
    peer: new TextColumn(),
    error_type: new TextColumn(),
    code_file_path: new TextColumn(),
    code_line_number: new Column(),
    code_function_name: new TextColumn(),
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
    response_bytes: new RareColumn(new Column(), 8),
    pool_wait_ns: new RareColumn(new Column(), 8),
    transaction_id: new RareColumn(new Column(), 1),
    block_cause: new RareColumn(new Column(), 1),
    repeat_duration_sum_ns: new RareColumn(new Column(), 8),
    repeat_duration_union_ns: new RareColumn(new Column(), 8),
    repeat_distinct_params: new RareColumn(new Column(), 8),
    response_content_type: new RareColumn(new TextColumn(), 1),
    response_whole: new RareColumn(new Column(), 1),
    response_uncompressed: new RareColumn(new Column(), 1),
    pool_name: new RareColumn(new TextColumn(), 1),
  } satisfies Record<SpanColumnName, NativeColumn>;
}

export type SpanBlockColumns = ReturnType<typeof createColumns>;
