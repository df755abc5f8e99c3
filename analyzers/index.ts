import type { TraceDetector, WindowDetector } from "./detector.ts";
import { duplicateCall } from "./trace/duplicate-call.ts";
import { nPlusOne } from "./trace/n-plus-one.ts";
import { writeLoop } from "./trace/write-loop.ts";
import { slowEndpoint } from "./window/slow-endpoint.ts";

/** The detectors: the registry is these two lists. */
export const traceDetectors: readonly TraceDetector[] = [nPlusOne, duplicateCall, writeLoop];

export const windowDetectors: readonly WindowDetector[] = [slowEndpoint];
