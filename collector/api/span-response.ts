import {
  ATTR_CODE_FILE_PATH,
  ATTR_CODE_FUNCTION_NAME,
  ATTR_CODE_LINE_NUMBER,
  ATTR_DB_COLLECTION_NAME,
  ATTR_DB_NAMESPACE,
  ATTR_DB_QUERY_SUMMARY,
  ATTR_DB_QUERY_TEXT,
  ATTR_DB_SYSTEM_NAME,
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_OTEL_SCOPE_NAME,
  ATTR_OTEL_SCOPE_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_URL_PATH,
} from "@opentelemetry/semantic-conventions";
import type { SpanDetailRow } from "../../storage/queries/span-detail.ts";
import { toAttributeTexts, toStrings } from "./attribute-texts.ts";
import type { SpanResponse } from "./responses.ts";

const kinds = ["unspecified", "internal", "server", "client", "producer", "consumer"];
const statuses = ["unset", "ok", "error"];

/** A row as the UI shows it: columns under the names that OpenTelemetry gives them, beside the other attributes. */
export function toSpanResponse(row: SpanDetailRow): SpanResponse {
  return {
    spanId: row.spanId,
    name: row.name,
    service: row.service,
    kind: kinds[row.kind] ?? String(row.kind),
    status: [statuses[row.statusCode] ?? String(row.statusCode), row.statusMessage]
      .filter((text) => text !== "")
      .join(": "),
    startAt: row.startMs,
    durationNs: row.durationNs,
    attributes: { ...columnAttributes(row), ...toAttributeTexts(row), ...row.scopeAttributes },
    resource: { ...row.resourceAttributes, ...row.resourceAttributesJson },
    events: row.events.map(({ atMs, name, attributes, attributesJson }) => ({
      at: atMs,
      name,
      attributes: { ...attributes, ...attributesJson },
    })),
  };
}

function columnAttributes(row: SpanDetailRow): Record<string, string> {
  const columns: Record<string, string | number> = {
    [ATTR_HTTP_REQUEST_METHOD]: row.httpRequestMethod,
    [ATTR_HTTP_ROUTE]: row.httpRoute,
    [ATTR_HTTP_RESPONSE_STATUS_CODE]: row.httpResponseStatusCode,
    [ATTR_URL_PATH]: row.urlPath,
    "url.template": row.urlTemplate,
    [ATTR_SERVER_ADDRESS]: row.serverAddress,
    [ATTR_DB_SYSTEM_NAME]: row.dbSystemName,
    [ATTR_DB_NAMESPACE]: row.dbNamespace,
    [ATTR_DB_COLLECTION_NAME]: row.dbCollectionName,
    [ATTR_DB_QUERY_SUMMARY]: row.dbQuerySummary,
    [ATTR_DB_QUERY_TEXT]: row.dbQueryText,
    "db.response.returned_rows": row.returnedRows < 0 ? "" : row.returnedRows,
    "messaging.destination.name": row.messagingDestinationName,
    [ATTR_ERROR_TYPE]: row.errorType,
    [ATTR_CODE_FILE_PATH]: row.codeFilePath,
    [ATTR_CODE_LINE_NUMBER]: row.codeLineNumber,
    [ATTR_CODE_FUNCTION_NAME]: row.codeFunctionName,
    "culprit.repeats": row.repeats === 1 ? "" : row.repeats,
    [ATTR_OTEL_SCOPE_NAME]: row.scopeName,
    [ATTR_OTEL_SCOPE_VERSION]: row.scopeVersion,
  };
  return toStrings(
    Object.entries(columns).filter(
      ([name, value]) => value !== "" && !(value === 0 && name !== "db.response.returned_rows"),
    ),
  );
}
