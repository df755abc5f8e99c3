import { type MetricColumnName, metricColumns } from "../../storage/metric-columns.ts";
import { createAttributeColumns } from "./attribute-writer.ts";
import { Block } from "./block.ts";
import { Column } from "./column.ts";
import type { KeyDictionary } from "./key-dictionary.ts";
import { MapColumn, type NativeColumn, NullableColumn, TupleArrayColumn } from "./native-block.ts";
import { createResourceColumns } from "./resource-writer.ts";

export type MetricBlock = Block<MetricBlockColumns>;

export function createMetricBlock(): MetricBlock {
  return new Block(metricColumns, createColumns);
}

function createColumns(keys: KeyDictionary) {
  return {
    ts: new Column(),
    start_ts: new Column(),
    name: new Column(),
    description: new Column(),
    unit: new Column(),
    metadata: new MapColumn(keys),
    kind: new Column(),
    temporality: new Column(),
    is_monotonic: new Column(),
    flags: new Column(),
    series_id: new Column(),
    value_type: new Column(),
    value_int: new Column(),
    value_double: new Column(),
    count: new Column(),
    sum: new NullableColumn(),
    min: new NullableColumn(),
    max: new NullableColumn(),
    explicit_bounds: createList(),
    bucket_counts: createList(),
    scale: new Column(),
    zero_count: new Column(),
    zero_threshold: new Column(),
    positive_offset: new Column(),
    positive_bucket_counts: createList(),
    negative_offset: new Column(),
    negative_bucket_counts: createList(),
    quantiles: new TupleArrayColumn({ quantile: new Column(), value: new Column() }),
    exemplars: new TupleArrayColumn({
      ts: new Column(),
      traceId: new Column(),
      spanId: new Column(),
      valueType: new Column(),
      valueInt: new Column(),
      valueDouble: new Column(),
      attributes: new MapColumn(keys),
      attributesJson: new MapColumn(keys),
    }),
    ...createAttributeColumns(keys),
    ...createResourceColumns(keys),
  } satisfies Record<MetricColumnName, NativeColumn>;
}

export type NumberListColumn = ReturnType<typeof createList>;

function createList() {
  return new TupleArrayColumn({ value: new Column() });
}

export type MetricBlockColumns = ReturnType<typeof createColumns>;
