/** Each distinct text once, and for each row which of them. Texts that are rarely equal are `String`. */
export const lowCardinality = "LowCardinality(String)";

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
  { name: "service", nativeType: lowCardinality },
  { name: "environment", nativeType: lowCardinality },
  { name: "service_version", nativeType: lowCardinality },
  { name: "resource_id", nativeType: "UInt64" },
  { name: "scope_name", nativeType: lowCardinality },
  { name: "scope_version", nativeType: lowCardinality },
  { name: "scope_attributes", nativeType: stringMap },
  { name: "resource_attributes", nativeType: stringMap },
  { name: "resource_attributes_json", nativeType: stringMap },
] as const;
