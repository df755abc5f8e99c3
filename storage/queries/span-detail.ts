import type { Query } from "../store.ts";
import { inIntervals } from "./trace-places.ts";

/** Everything that is known of one span. Takes the trace's bounds, so that few granules are read. */
export const spanDetailQuery: Query = {
  name: "span-detail",
  sql: `
    SELECT
      lower(hex(trace_id)) AS traceId,
      lower(hex(span_id)) AS spanId,
      if(parent_span_id = toFixedString('', 8), '', lower(hex(parent_span_id))) AS parentSpanId,
      toFloat64(toUnixTimestamp64Milli(ts)) AS startMs,
      toFloat64(duration) AS durationNs,
      name,
      kind,
      status_code AS statusCode,
      status_message AS statusMessage,
      spans.service AS service,
      environment,
      service_version AS serviceVersion,
      scope_name AS scopeName,
      scope_version AS scopeVersion,
      repeats,
      http_request_method AS httpRequestMethod,
      http_route AS httpRoute,
      http_response_status_code AS httpResponseStatusCode,
      url_path AS urlPath,
      url_template AS urlTemplate,
      server_address AS serverAddress,
      db_system_name AS dbSystemName,
      db_namespace AS dbNamespace,
      db_collection_name AS dbCollectionName,
      db_query_summary AS dbQuerySummary,
      db_query_text AS dbQueryText,
      messaging_destination_name AS messagingDestinationName,
      peer,
      error_type AS errorType,
      code_file_path AS codeFilePath,
      code_line_number AS codeLineNumber,
      code_function_name AS codeFunctionName,
      toFloat64(returned_rows) AS returnedRows,
      spans.attributes AS attributes,
      attributes_int AS attributesInt,
      attributes_double AS attributesDouble,
      attributes_bool AS attributesBool,
      spans.attributes_json AS attributesJson,
      scope_attributes AS scopeAttributes,
      arrayMap(
        e -> CAST((toFloat64(toUnixTimestamp64Milli(e.ts)), e.name, e.attributes, e.attributes_json),
          'Tuple(atMs Float64, name String, attributes Map(String, String), attributesJson Map(String, String))'),
        events) AS events,
      arrayMap(
        l -> CAST((lower(hex(l.trace_id)), lower(hex(l.span_id)), l.attributes, l.attributes_json),
          'Tuple(traceId String, spanId String, attributes Map(String, String), attributesJson Map(String, String))'),
        links) AS links,
      resource.attributes AS resourceAttributes,
      resource.attributes_json AS resourceAttributesJson
    FROM spans
    LEFT JOIN (SELECT resource_id, attributes, attributes_json FROM resources FINAL) AS resource
      ON resource.resource_id = spans.resource_id
    WHERE ${inIntervals}
      AND ts >= toDateTime64({fromS:UInt32}, 9, 'UTC')
      AND ts < toDateTime64({toS:UInt32} + 1, 9, 'UTC')
      AND trace_id = toFixedString(unhex({traceId:String}), 16)
      AND span_id = toFixedString(unhex({spanId:String}), 8)
    ORDER BY received
    LIMIT 1`,
};

export type SpanDetailParameters = {
  readonly traceId: string;
  readonly spanId: string;
  readonly fromS: number;
  readonly toS: number;
};

/** By attribute name; `…Json` holds OTLP JSON AnyValue text (arrays, key-value lists, bytes). */
type Attributes = Readonly<Record<string, string>>;

export type SpanDetailRow = {
  readonly traceId: string;
  readonly spanId: string;
  /** "": a root. */
  readonly parentSpanId: string;
  readonly startMs: number;
  readonly durationNs: number;
  readonly name: string;
  readonly kind: number;
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly service: string;
  readonly environment: string;
  readonly serviceVersion: string;
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly repeats: number;
  readonly httpRequestMethod: string;
  readonly httpRoute: string;
  readonly httpResponseStatusCode: number;
  readonly urlPath: string;
  readonly urlTemplate: string;
  readonly serverAddress: string;
  readonly dbSystemName: string;
  readonly dbNamespace: string;
  readonly dbCollectionName: string;
  readonly dbQuerySummary: string;
  readonly dbQueryText: string;
  readonly messagingDestinationName: string;
  readonly peer: string;
  readonly errorType: string;
  readonly codeFilePath: string;
  readonly codeLineNumber: number;
  readonly codeFunctionName: string;
  readonly returnedRows: number;
  readonly attributes: Attributes;
  /** Decimal Int64. */
  readonly attributesInt: Attributes;
  readonly attributesDouble: Readonly<Record<string, number>>;
  readonly attributesBool: Readonly<Record<string, boolean>>;
  readonly attributesJson: Attributes;
  readonly scopeAttributes: Attributes;
  readonly events: readonly {
    readonly atMs: number;
    readonly name: string;
    readonly attributes: Attributes;
    readonly attributesJson: Attributes;
  }[];
  readonly links: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes: Attributes;
    readonly attributesJson: Attributes;
  }[];
  readonly resourceAttributes: Attributes;
  readonly resourceAttributesJson: Attributes;
};
