import type { TraceDetector, WindowDetector } from "./detector.ts";
import { nPlusOne } from "./trace/n-plus-one.ts";
import { slowEndpoint } from "./window/slow-endpoint.ts";

/** The detectors: the registry is these two lists. */
export const traceDetectors: readonly TraceDetector[] = [nPlusOne];

export const windowDetectors: readonly WindowDetector[] = [slowEndpoint];
