/**
 * Columns that several tables have, as they stand in a Native block. ClickHouse casts a plain `String` to the table's
 * `LowCardinality(String)`, so that only Map keys need a dictionary on our side.
 */
export const stringMap = "Map(LowCardinality(String), String)";

/** Attributes keep their type; lists, key-value lists and bytes are OTLP JSON text in the last. */
export const attributeColumns = [
  { name: "attributes", nativeType: stringMap },
  { name: "attributes_int", nativeType: "Map(LowCardinality(String), Int64)" },
  { name: "attributes_double", nativeType: "Map(LowCardinality(String), Float64)" },
  { name: "attributes_bool", nativeType: "Map(LowCardinality(String), UInt8)" },
  { name: "attributes_json", nativeType: stringMap },
] as const;

/** Where a row comes from. The first row of a resource in a request carries the resource's attributes. */
export const resourceColumns = [
  { name: "received", nativeType: "DateTime64(3, 'UTC')" },
  { name: "service", nativeType: "String" },
  { name: "environment", nativeType: "String" },
  { name: "service_version", nativeType: "String" },
  { name: "resource_id", nativeType: "UInt64" },
  { name: "scope_name", nativeType: "String" },
  { name: "scope_version", nativeType: "String" },
  { name: "scope_attributes", nativeType: stringMap },
  { name: "resource_attributes", nativeType: stringMap },
  { name: "resource_attributes_json", nativeType: stringMap },
] as const;
