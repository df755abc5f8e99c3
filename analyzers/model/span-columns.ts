/**
 * The spans of one trace as they come out of storage: parallel arrays, one entry a span, each span once
 * (re-sent copies are dropped by the query), in no promised order.
 */
export interface SpanColumns {
  /** Whole seconds since 1970 and the nanoseconds above them: together exact, apart small enough for a number. */
  readonly startS: readonly number[];
  readonly startNs: readonly number[];
  readonly durationNs: readonly number[];
  /** 16 hex digits; a root's parent is "". */
  readonly spanId: readonly string[];
  readonly parentSpanId: readonly string[];
  readonly name: readonly string[];
  /** OTLP SpanKind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: readonly number[];
  /** OTLP StatusCode: 2 is error. */
  readonly statusCode: readonly number[];
  readonly service: readonly string[];
  readonly environment: readonly string[];
  readonly serviceVersion: readonly string[];
  /** Identifies the process that sent the span: equal id, same clock. */
  readonly resourceId: readonly string[];
  readonly scopeName: readonly string[];
  readonly weight: readonly number[];
  readonly repeats: readonly number[];
  readonly httpRequestMethod: readonly string[];
  readonly httpRoute: readonly string[];
  readonly urlTemplate: readonly string[];
  readonly serverAddress: readonly string[];
  readonly dbSystemName: readonly string[];
  readonly dbNamespace: readonly string[];
  readonly dbQuerySummary: readonly string[];
  readonly dbQueryText: readonly string[];
  readonly messagingDestinationName: readonly string[];
  readonly codeFilePath: readonly string[];
  readonly codeLineNumber: readonly number[];
  readonly codeFunctionName: readonly string[];
  /** Decimal UInt64; "0": the span is no call. */
  readonly shapeId: readonly string[];
  /** Decimal UInt64; "0": unknown. */
  readonly paramsHash: readonly string[];
  /** -1: unknown. */
  readonly returnedRows: readonly number[];
  /** Of a summary span (repeats > 1), else 0: Σ of the durations, union of the intervals, distinct parameters. */
  readonly repeatDurationSumNs: readonly number[];
  readonly repeatDurationUnionNs: readonly number[];
  readonly repeatDistinctParams: readonly number[];
  /** 0: unknown, or no HTTP. */
  readonly httpResponseStatusCode: readonly number[];
  /** Body of the response, as sent or received; 0: unknown. */
  readonly responseBytes: readonly number[];
  /** Media type of a large response of our agent's, or as another SDK has captured it, without parameters; "": unknown. */
  readonly responseContentType: readonly string[];
  /** 1: the length of a large body was known before it was sent; 0: not, or no large body. */
  readonly isResponseWhole: readonly number[];
  /** 1: a large response went uncompressed to a client that takes it compressed; 0: not, or unknown. */
  readonly isResponseUncompressed: readonly number[];
  /** How long the call waited for a connection of its pool before its span began; 0: none, or unknown. */
  readonly poolWaitNs: readonly number[];
  /** The pool whose connection the call had, unique in its process; "": unknown, or none. */
  readonly poolName: readonly string[];
  /** Equal in the statements of one transaction of one process; "0": none, or unknown. */
  readonly transactionId: readonly string[];
  /** Of a span that tells of a blocked event loop: 1 in the request that blocked it, 0 in one that it held up; -1: unknown. */
  readonly isBlockCause: readonly number[];
}
