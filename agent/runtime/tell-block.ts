import { type Attributes, ROOT_CONTEXT, type Tracer, trace } from "@opentelemetry/api";
import {
  ATTR_CODE_FILE_PATH,
  ATTR_CODE_FUNCTION_NAME,
  ATTR_CODE_LINE_NUMBER,
  ATTR_CODE_STACKTRACE,
} from "@opentelemetry/semantic-conventions";
import { findCulprit, toFilePath, toStackText } from "./block-stack.ts";
import type { Block } from "./event-loop-watch.ts";
import type { CapturedStack } from "./watch-protocol.ts";

/** A stack that comes so late is of what ran after native code, which can't be interrupted: its caller, mostly. */
const lateMinMs = 100;

/**
 * One span for each request that was open, under its server span, so that each trace tells by itself what held it up:
 *
 *   GET /login    |──────────────────────────|      is_cause = true
 *     event loop blocked |─────────|
 *   GET /health     |──────────────|                is_cause = false
 *     event loop blocked |─────────|
 */
export function tellBlock(tracer: Tracer, block: Block, gcMs: number): void {
  const shared: Attributes = {
    "culprit.event_loop.block_ms": block.endMs - block.startMs,
    "culprit.event_loop.requests": block.requests.length,
    ...(gcMs > 0 ? { "culprit.gc.pause_ms": gcMs } : {}),
    ...toStackAttributes(block.stack),
  };
  for (const { span, startMs, endMs } of block.requests) {
    const { traceId } = span.spanContext();
    const isCause = block.stack?.traceId === traceId;
    const attributes = block.stack ? { ...shared, "culprit.event_loop.is_cause": isCause } : shared;
    const blocked = tracer.startSpan(
      "event loop blocked",
      { startTime: toEpochMs(Math.max(startMs, block.startMs)), attributes },
      trace.setSpan(ROOT_CONTEXT, span),
    );
    blocked.end(toEpochMs(Math.min(endMs, block.endMs)));
  }
}

function toStackAttributes(stack: CapturedStack | undefined): Attributes {
  const culprit = stack && findCulprit(stack.frames);
  if (stack === undefined || culprit === undefined) return {};
  return {
    [ATTR_CODE_FILE_PATH]: toFilePath(culprit.url),
    [ATTR_CODE_LINE_NUMBER]: culprit.lineNumber,
    ...(culprit.functionName ? { [ATTR_CODE_FUNCTION_NAME]: culprit.functionName } : {}),
    [ATTR_CODE_STACKTRACE]: toStackText(stack.frames),
    ...(stack.lateMs >= lateMinMs ? { "culprit.event_loop.stack_late_ms": stack.lateMs } : {}),
  };
}

function toEpochMs(monotonicMs: number): number {
  return performance.timeOrigin + monotonicMs;
}
