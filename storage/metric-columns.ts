import { attributeColumns, resourceColumns, stringMap } from "./attribute-columns.ts";

const valueType = "Enum8('none' = 0, 'int' = 1, 'double' = 2)";

/** The columns of `metric_points`, in the order in which the decoder writes them; as `span-columns.ts` for spans. */
export const metricColumns = [
  { name: "ts", nativeType: "DateTime64(9, 'UTC')" },
  { name: "start_ts", nativeType: "DateTime64(9, 'UTC')" },
  { name: "name", nativeType: "String" },
  { name: "description", nativeType: "String" },
  { name: "unit", nativeType: "String" },
  { name: "metadata", nativeType: stringMap },
  {
    name: "kind",
    nativeType:
      "Enum8('gauge' = 1, 'sum' = 2, 'histogram' = 3, 'exponential_histogram' = 4, 'summary' = 5)",
  },
  { name: "temporality", nativeType: "Enum8('unspecified' = 0, 'delta' = 1, 'cumulative' = 2)" },
  { name: "is_monotonic", nativeType: "UInt8" },
  { name: "flags", nativeType: "UInt32" },
  { name: "series_id", nativeType: "UInt64" },
  { name: "value_type", nativeType: valueType },
  { name: "value_int", nativeType: "Int64" },
  { name: "value_double", nativeType: "Float64" },
  { name: "count", nativeType: "UInt64" },
  { name: "sum", nativeType: "Nullable(Float64)" },
  { name: "min", nativeType: "Nullable(Float64)" },
  { name: "max", nativeType: "Nullable(Float64)" },
  { name: "explicit_bounds", nativeType: "Array(Float64)" },
  { name: "bucket_counts", nativeType: "Array(UInt64)" },
  { name: "scale", nativeType: "Int32" },
  { name: "zero_count", nativeType: "UInt64" },
  { name: "zero_threshold", nativeType: "Float64" },
  { name: "positive_offset", nativeType: "Int32" },
  { name: "positive_bucket_counts", nativeType: "Array(UInt64)" },
  { name: "negative_offset", nativeType: "Int32" },
  { name: "negative_bucket_counts", nativeType: "Array(UInt64)" },
  { name: "quantiles", nativeType: "Array(Tuple(quantile Float64, value Float64))" },
  {
    name: "exemplars",
    nativeType: `Array(Tuple(ts DateTime64(9, 'UTC'), trace_id FixedString(16), span_id FixedString(8), value_type ${valueType}, value_int Int64, value_double Float64, attributes ${stringMap}, attributes_json ${stringMap}))`,
  },
  ...attributeColumns,
  ...resourceColumns,
] as const;

export type MetricColumnName = (typeof metricColumns)[number]["name"];
