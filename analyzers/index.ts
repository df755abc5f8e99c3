import type { TraceDetector, WindowDetector } from "./detector.ts";
import { duplicateCall } from "./trace/duplicate-call.ts";
import { eventLoopBlock } from "./trace/event-loop-block.ts";
import { nPlusOne } from "./trace/n-plus-one.ts";
import { oversizedResponse } from "./trace/oversized-response.ts";
import { poolWait } from "./trace/pool-wait.ts";
import { retryStorm } from "./trace/retry-storm.ts";
import { serialCalls } from "./trace/serial-calls.ts";
import { slowQuery } from "./trace/slow-query.ts";
import { transactionAcrossCall } from "./trace/transaction-across-call.ts";
import { writeLoop } from "./trace/write-loop.ts";
import { slowEndpoint } from "./window/slow-endpoint.ts";

/** The detectors: the registry is these two lists. */
export const traceDetectors: readonly TraceDetector[] = [
  nPlusOne,
  duplicateCall,
  writeLoop,
  serialCalls,
  slowQuery,
  retryStorm,
  oversizedResponse,
  poolWait,
  transactionAcrossCall,
  eventLoopBlock,
];

export const windowDetectors: readonly WindowDetector[] = [slowEndpoint];
