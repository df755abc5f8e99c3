import {
  ATTR_CODE_FILE_PATH,
  ATTR_CODE_FILEPATH,
  ATTR_CODE_FUNCTION,
  ATTR_CODE_FUNCTION_NAME,
  ATTR_CODE_LINE_NUMBER,
  ATTR_CODE_LINENO,
  ATTR_DB_CLIENT_CONNECTION_POOL_NAME,
  ATTR_DB_COLLECTION_NAME,
  ATTR_DB_MONGODB_COLLECTION,
  ATTR_DB_NAME,
  ATTR_DB_NAMESPACE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_QUERY_SUMMARY,
  ATTR_DB_QUERY_TEXT,
  ATTR_DB_RESPONSE_RETURNED_ROWS,
  ATTR_DB_SQL_TABLE,
  ATTR_DB_STATEMENT,
  ATTR_DB_SYSTEM,
  ATTR_DB_SYSTEM_NAME,
  ATTR_DEPLOYMENT_ENVIRONMENT,
  ATTR_DEPLOYMENT_ENVIRONMENT_NAME,
  ATTR_ERROR_TYPE,
  ATTR_HTTP_METHOD,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  ATTR_HTTP_RESPONSE_SIZE,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_HTTP_STATUS_CODE,
  ATTR_HTTP_TARGET,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_SYSTEM,
  ATTR_MESSAGING_SYSTEM_NAME,
  ATTR_NET_HOST_NAME,
  ATTR_NET_PEER_NAME,
  ATTR_PEER_SERVICE,
  ATTR_RPC_SYSTEM,
  ATTR_RPC_SYSTEM_NAME,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_SERVICE_NAME,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
  ATTR_URL_FULL,
  ATTR_URL_PATH,
  ATTR_URL_QUERY,
  ATTR_URL_TEMPLATE,
} from "@opentelemetry/semantic-conventions/incubating";

/**
 * What becomes of a span's attribute that the decoder knows by name:
 *
 *   text    a string goes to a column instead of a map
 *   uint16, uint32, int64   an integer that fits goes to a column instead of a map
 *   keep    goes to its map, and is read for the span's shape
 *   copy    goes to its map, and what it says to a column as well
 *   none    is known on resources only
 *
 * A value of another type than the column's goes to the map of its type, as if it were unknown.
 */
export type Promotion = "text" | "uint16" | "uint32" | "int64" | "keep" | "copy" | "none";

const known = {
  httpRequestMethod: [ATTR_HTTP_REQUEST_METHOD, "text"],
  httpRoute: [ATTR_HTTP_ROUTE, "text"],
  httpResponseStatusCode: [ATTR_HTTP_RESPONSE_STATUS_CODE, "uint16"],
  urlPath: [ATTR_URL_PATH, "text"],
  urlTemplate: [ATTR_URL_TEMPLATE, "text"],
  urlFull: [ATTR_URL_FULL, "text"],
  urlQuery: [ATTR_URL_QUERY, "text"],
  serverAddress: [ATTR_SERVER_ADDRESS, "text"],
  dbSystemName: [ATTR_DB_SYSTEM_NAME, "text"],
  dbNamespace: [ATTR_DB_NAMESPACE, "text"],
  dbCollectionName: [ATTR_DB_COLLECTION_NAME, "text"],
  dbQuerySummary: [ATTR_DB_QUERY_SUMMARY, "text"],
  dbQueryText: [ATTR_DB_QUERY_TEXT, "text"],
  dbOperationName: [ATTR_DB_OPERATION_NAME, "keep"],
  messagingDestinationName: [ATTR_MESSAGING_DESTINATION_NAME, "text"],
  messagingSystemName: [ATTR_MESSAGING_SYSTEM_NAME, "keep"],
  rpcSystemName: [ATTR_RPC_SYSTEM_NAME, "keep"],
  serverServiceName: [ATTR_SERVER_SERVICE_NAME, "text"],
  errorType: [ATTR_ERROR_TYPE, "text"],
  codeFilePath: [ATTR_CODE_FILE_PATH, "text"],
  codeLineNumber: [ATTR_CODE_LINE_NUMBER, "uint32"],
  codeFunctionName: [ATTR_CODE_FUNCTION_NAME, "text"],
  returnedRows: [ATTR_DB_RESPONSE_RETURNED_ROWS, "int64"],
  // The agent's evidence.
  paramsHash: ["culprit.params_hash", "text"],
  repeats: ["culprit.repeats", "uint32"],
  repeatDurationSum: ["culprit.repeat.duration_sum_ns", "copy"],
  repeatDurationUnion: ["culprit.repeat.duration_union_ns", "copy"],
  repeatDistinctParams: ["culprit.repeat.distinct_params", "copy"],
  poolName: [ATTR_DB_CLIENT_CONNECTION_POOL_NAME, "copy"],
  poolWait: ["culprit.pool.wait_ms", "copy"],
  transactionId: ["culprit.transaction.id", "copy"],
  isBlockCause: ["culprit.event_loop.is_cause", "copy"],
  responseBodySize: [ATTR_HTTP_RESPONSE_BODY_SIZE, "copy"],
  responseSize: [ATTR_HTTP_RESPONSE_SIZE, "copy"],
  responseContentLength: ["http.response_content_length", "copy"],
  responseContentType: ["http.response.header.content-type", "copy"],
  isResponseWhole: ["culprit.response.whole", "copy"],
  isResponseUncompressed: ["culprit.response.uncompressed", "copy"],
  // Older names of the above; each fills the column of its successor when that one is absent. What has no column of its
  // own is renamed instead (`renamed-attributes.ts`).
  httpMethod: [ATTR_HTTP_METHOD, "text"],
  httpStatusCode: [ATTR_HTTP_STATUS_CODE, "uint16"],
  httpTarget: [ATTR_HTTP_TARGET, "text"],
  netPeerName: [ATTR_NET_PEER_NAME, "text"],
  netHostName: [ATTR_NET_HOST_NAME, "text"],
  dbSystem: [ATTR_DB_SYSTEM, "text"],
  dbName: [ATTR_DB_NAME, "text"],
  dbSqlTable: [ATTR_DB_SQL_TABLE, "text"],
  dbMongodbCollection: [ATTR_DB_MONGODB_COLLECTION, "text"],
  dbStatement: [ATTR_DB_STATEMENT, "text"],
  // The conventions of 1.16 and before; the package has no constant of the current kind for it.
  messagingDestination: ["messaging.destination", "text"],
  messagingSystem: [ATTR_MESSAGING_SYSTEM, "keep"],
  rpcSystem: [ATTR_RPC_SYSTEM, "keep"],
  peerService: [ATTR_PEER_SERVICE, "text"],
  codeFilepath: [ATTR_CODE_FILEPATH, "text"],
  codeLineno: [ATTR_CODE_LINENO, "uint32"],
  codeFunction: [ATTR_CODE_FUNCTION, "text"],
  // Of a resource.
  serviceName: [ATTR_SERVICE_NAME, "none"],
  serviceVersion: [ATTR_SERVICE_VERSION, "none"],
  deploymentEnvironmentName: [ATTR_DEPLOYMENT_ENVIRONMENT_NAME, "none"],
  deploymentEnvironment: [ATTR_DEPLOYMENT_ENVIRONMENT, "none"],
  // A span's own name, where its column says that there are too many.
  spanName: ["culprit.span.name", "none"],
  // Counts of the span that have no column.
  droppedAttributesCount: ["otel.dropped_attributes_count", "none"],
  droppedEventsCount: ["otel.dropped_events_count", "none"],
  droppedLinksCount: ["otel.dropped_links_count", "none"],
} as const satisfies Record<string, readonly [name: string, promotion: Promotion]>;

type KnownAttribute = keyof typeof known;

/** Names by slot. The key dictionary is made of them, so that a known key's number is its slot. */
export const knownNames: readonly string[] = Object.values(known).map(([name]) => name);

/** Promotions by slot. */
export const promotions: readonly Promotion[] = Object.values(known).map(([, how]) => how);

export const slot = Object.fromEntries(
  Object.keys(known).map((attribute, index) => [attribute, index]),
) as Readonly<Record<KnownAttribute, number>>;

/** The known attributes of one span, as ranges of the body or as integers. */
export class PromotedValues {
  readonly start = new Int32Array(knownNames.length);
  readonly end = new Int32Array(knownNames.length);
  readonly lo = new Uint32Array(knownNames.length);
  readonly hi = new Uint32Array(knownNames.length);

  reset(): void {
    this.start.fill(-1);
  }

  setRange(index: number, start: number, end: number): void {
    this.start[index] = start;
    this.end[index] = end;
  }

  setInt(index: number, lo: number, hi: number): void {
    this.start[index] = 0;
    this.lo[index] = lo;
    this.hi[index] = hi;
  }

  has(index: number): boolean {
    return this.start[index] !== -1;
  }

  /** The slot of the current name when it is present, else that of the older one, present or not. */
  pick(current: number, older: number): number {
    return this.has(current) ? current : older;
  }
}
