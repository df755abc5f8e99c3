import type { SpanColumnName } from "../../storage/span-columns.ts";
import { Column } from "./column.ts";
import { KeyDictionary } from "./key-dictionary.ts";
import { MapColumn, type NativeColumn, TupleArrayColumn, toNativeBlock } from "./native-block.ts";
import { knownNames } from "./promoted-attributes.ts";

/** The columns of `spans` in the making. Each row must add to every one of them. */
export class SpanBlock {
  readonly keys: KeyDictionary = new KeyDictionary(knownNames);
  readonly columns = createColumns(this.keys);
  rows = 0;
  #bytesMax = 0;

  reset(bytesMax: number): void {
    this.rows = 0;
    this.#bytesMax = bytesMax;
    this.keys.trim();
    for (const column of Object.values<NativeColumn>(this.columns)) column.reset(bytesMax);
  }

  toNative(): Uint8Array<ArrayBuffer> {
    return toNativeBlock(this.columns, this.rows, this.#bytesMax);
  }
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
    attributes: new MapColumn(keys),
    attributes_int: new MapColumn(keys),
    attributes_double: new MapColumn(keys),
    attributes_bool: new MapColumn(keys),
    attributes_json: new MapColumn(keys),
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
