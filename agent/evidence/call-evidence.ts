import { type Context, context, createContextKey, type Span, trace } from "@opentelemetry/api";
import { getRPCMetadata } from "@opentelemetry/core";
import {
  ATTR_CODE_FILE_PATH,
  ATTR_CODE_FUNCTION_NAME,
  ATTR_CODE_LINE_NUMBER,
} from "@opentelemetry/semantic-conventions";
import { type CallSite, captureCallSite } from "./call-site.ts";
import { type HttpRequest, toHttpCall } from "./http-call.ts";
import type { HashParams } from "./params-hash.ts";
import { RepeatCounter } from "./repeat-counter.ts";

const paramsHashAttribute = "culprit.params_hash";
// Written out: the module with the names that are still in development is large, and loaded at every start.
const returnedRowsAttribute = "db.response.returned_rows";
const announcedKey = createContextKey("culprit announced call");

interface AnnouncedCall {
  readonly statement: string;
  readonly callSite: CallSite | undefined;
  isTaken: boolean;
}

/** `fetch` alone has about 30 frames of Node's above the application's. */
const httpFramesMax = 48;

type AnyFunction = (...args: never[]) => unknown;

export interface CallEvidenceOptions {
  readonly hashParams: HashParams;
  /** From this call of a statement within a request on, its call site is captured; 0 is never. */
  readonly callSiteRepeatsMin: number;
}

/** What is added to the span of a call: a hash of its parameters, where it was made, how many rows it gave. */
export interface CallEvidence {
  /**
   * For a call whose span starts later, when the application's frames are gone from the stack: returns the context to
   * make it in, which holds its call site. `entry` is the function that the application has called.
   */
  announce(statement: string, entry: AnyFunction): Context;
  /** Once, when the span starts, inside the call that the application has made or in the context of its announcement. */
  addRequest(span: Span, statement: string, params: unknown): void;
  /** As `addRequest`, for a request to another service. */
  addHttpRequest(span: Span, request: HttpRequest): void;
  addRows(span: Span, rows: number | undefined): void;
}

export function createCallEvidence(options: CallEvidenceOptions): CallEvidence {
  const { hashParams, callSiteRepeatsMin } = options;
  const repeats = new RepeatCounter();

  function findCallSite(
    statement: string,
    entry: AnyFunction,
    framesMax?: number,
  ): CallSite | undefined {
    if (callSiteRepeatsMin === 0) return undefined;
    const request = findRequest(context.active());
    if (request === undefined) return undefined;
    return repeats.count(request, statement) < callSiteRepeatsMin
      ? undefined
      : captureCallSite(entry, framesMax);
  }

  function addHash(span: Span, statement: string, params: unknown): void {
    const hash = hashParams(statement, params);
    if (hash !== undefined) span.setAttribute(paramsHashAttribute, hash.text);
  }

  function addRequest(span: Span, statement: string, params: unknown): void {
    if (!span.isRecording()) return;
    addHash(span, statement, params);
    const announced = takeAnnounced(statement);
    const callSite = announced ? announced.callSite : findCallSite(statement, addRequest);
    if (callSite !== undefined) setCallSite(span, callSite);
  }

  function addHttpRequest(span: Span, request: HttpRequest): void {
    if (!span.isRecording()) return;
    const { statement, params } = toHttpCall(request);
    addHash(span, statement, params);
    const callSite = findCallSite(statement, addHttpRequest, httpFramesMax);
    if (callSite !== undefined) setCallSite(span, callSite);
  }

  return {
    announce(statement, entry) {
      const callSite = findCallSite(statement, entry);
      const announced: AnnouncedCall = { statement, callSite, isTaken: false };
      return context.active().setValue(announcedKey, announced);
    },
    addRequest,
    addHttpRequest,
    addRows(span, rows) {
      if (rows !== undefined) span.setAttribute(returnedRowsAttribute, rows);
    },
  };
}

/** The server span of an HTTP request, in however many spans the call is nested; else the span around the call. */
function findRequest(active: Context): Span | undefined {
  return getRPCMetadata(active)?.span ?? trace.getSpan(active);
}

/** Only once: a callback of the application runs in the same context, and may make the same call again. */
function takeAnnounced(statement: string): AnnouncedCall | undefined {
  const announced = context.active().getValue(announcedKey) as AnnouncedCall | undefined;
  if (announced === undefined || announced.isTaken || announced.statement !== statement) {
    return undefined;
  }
  announced.isTaken = true;
  return announced;
}

function setCallSite(span: Span, { filePath, lineNumber, functionName }: CallSite): void {
  span.setAttribute(ATTR_CODE_FILE_PATH, filePath);
  span.setAttribute(ATTR_CODE_LINE_NUMBER, lineNumber);
  if (functionName !== undefined) span.setAttribute(ATTR_CODE_FUNCTION_NAME, functionName);
}
