import { attributeColumns, resourceColumns } from "./attribute-columns.ts";

/** The columns of `logs`, in the order in which the decoder writes them; as `span-columns.ts` for spans. */
export const logColumns = [
  { name: "ts", nativeType: "DateTime64(9, 'UTC')" },
  { name: "observed_ts", nativeType: "DateTime64(9, 'UTC')" },
  { name: "trace_id", nativeType: "FixedString(16)" },
  { name: "span_id", nativeType: "FixedString(8)" },
  { name: "flags", nativeType: "UInt32" },
  { name: "severity_number", nativeType: "UInt8" },
  { name: "severity_text", nativeType: "String" },
  { name: "event_name", nativeType: "String" },
  { name: "body", nativeType: "String" },
  { name: "body_json", nativeType: "String" },
  ...attributeColumns,
  ...resourceColumns,
] as const;

export type LogColumnName = (typeof logColumns)[number]["name"];
