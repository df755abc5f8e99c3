import { type LogColumnName, logColumns } from "../../storage/log-columns.ts";
import { createAttributeColumns } from "./attribute-writer.ts";
import { Block } from "./block.ts";
import { Column } from "./column.ts";
import type { KeyDictionary } from "./key-dictionary.ts";
import type { NativeColumn } from "./native-block.ts";
import { createResourceColumns } from "./resource-writer.ts";

export function createLogBlock(): Block<LogBlockColumns> {
  return new Block(logColumns, createColumns);
}

function createColumns(keys: KeyDictionary) {
  return {
    ts: new Column(),
    observed_ts: new Column(),
    trace_id: new Column(),
    span_id: new Column(),
    flags: new Column(),
    severity_number: new Column(),
    severity_text: new Column(),
    event_name: new Column(),
    body: new Column(),
    body_json: new Column(),
    ...createAttributeColumns(keys),
    ...createResourceColumns(keys),
  } satisfies Record<LogColumnName, NativeColumn>;
}

export type LogBlockColumns = ReturnType<typeof createColumns>;
