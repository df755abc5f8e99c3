import type { Query } from "../store.ts";

/**
 * The newest spans of [from, to) whose string attribute `key` is `value`. For values of which there are few (a user, an
 * order, a request): `has` is what the bloom filter on `mapValues(attributes)` answers, so granules without the value
 * are not read. Attributes that have a column of their own are not in the map.
 */
export const attributeSearchQuery: Query = {
  name: "attribute-search",
  sql: `
    SELECT
      lower(hex(trace_id)) AS traceId,
      lower(hex(span_id)) AS spanId,
      service,
      name,
      toUnixTimestamp64Milli(ts) AS startMs,
      toFloat64(duration) AS durationNs
    FROM spans
    WHERE ts >= toDateTime64({fromS:UInt32}, 9, 'UTC')
      AND ts < toDateTime64({toS:UInt32}, 9, 'UTC')
      AND has(mapValues(attributes), {value:String})
      AND attributes[{key:String}] = {value:String}
    ORDER BY ts DESC, span_id
    LIMIT 1 BY trace_id, span_id
    LIMIT {spansMax:UInt32}`,
};

export type AttributeSearchParameters = {
  readonly key: string;
  readonly value: string;
  readonly fromS: number;
  readonly toS: number;
  readonly spansMax: number;
};

export type AttributeSearchRow = {
  readonly traceId: string;
  readonly spanId: string;
  readonly service: string;
  readonly name: string;
  /** Decimal: Unix milliseconds. */
  readonly startMs: string;
  readonly durationNs: number;
};
