import type { CallSite } from "../evidence/call-site.ts";
import type { CallSiteRules } from "../evidence/call-site-rules.ts";
import { type HttpRequest, toHttpParams, toPathTemplate } from "../evidence/http-call.ts";
import type { HashParams, ParamsHash } from "../evidence/params-hash.ts";
import { redactQuery } from "../evidence/redact-query.ts";
import { ActiveContext, baggageOf, isSuppressed } from "../tracing/active-context.ts";
import type { AlikeSpans } from "../tracing/alike-spans.ts";
import type { AttributeWriter } from "../tracing/attribute-writer.ts";
import { otlpKind, type RecordedSpan, type SpanDetail } from "../tracing/recorded-span.ts";
import type { Tracing } from "../tracing/tracing.ts";
import { toTraceparent } from "../tracing/w3c-headers.ts";
import { keys } from "./attribute-keys.ts";
import type { HttpTarget, HttpTargets } from "./http-targets.ts";
import { writeCallSite } from "./write-call-site.ts";

/** Node's own frames above the application's: about 30 for `fetch`. */
const framesMax = 48;
/** Calls of one trace that failed and were not repeated with success. */
const failedCallsMax = 1_000;

export interface CallOptions {
  readonly tracing: Tracing;
  readonly hashParams: HashParams;
  readonly callSites: CallSiteRules;
}

export interface HttpCallOptions extends CallOptions {
  readonly targets: HttpTargets;
}

interface SentCall {
  /** In which the application made it. */
  readonly active: ActiveContext | undefined;
  readonly target: HttpTarget;
  readonly path: string;
}

/** An HTTP request that this process makes, whatever client makes it. */
export class OutgoingCall implements SpanDetail {
  readonly span: RecordedSpan;
  readonly #active: ActiveContext | undefined;
  readonly #target: HttpTarget;
  readonly #path: string;
  readonly #paramsHash: ParamsHash | undefined;
  readonly #callSite: CallSite | undefined;
  readonly #repeatIndex: number;
  /** How often this call was sent before in its trace, each time in vain. */
  readonly #resendCount: number;
  statusCode = 0;
  errorType = "";
  protocolVersion = "";
  /** -1: unknown. */
  /** `content-length` as it came; read once many spans are written at once. */
  requestLength: unknown = undefined;
  responseLength: unknown = undefined;
  isReused: boolean | undefined = undefined;
  firstByteMs = -1;
  dnsMs = -1;
  tcpMs = -1;
  tlsMs = -1;

  private constructor(
    span: RecordedSpan,
    { active, target, path }: SentCall,
    evidence: {
      hash: ParamsHash | undefined;
      site: CallSite | undefined;
      index: number;
    },
  ) {
    this.span = span;
    this.#active = active;
    this.#target = target;
    this.#path = path;
    this.#paramsHash = evidence.hash;
    this.#callSite = evidence.site;
    this.#repeatIndex = evidence.index;
    const { failedCalls } = span.trace;
    this.#resendCount = (evidence.hash && failedCalls?.get(evidence.hash.text)) || 0;
  }

  /** Undefined when nothing is to be traced. `entry` is the function nearest to the application that is ours. */
  static start(
    { tracing, hashParams, callSites, targets }: HttpCallOptions,
    { method, origin, path }: HttpRequest,
    entry: (...args: never[]) => unknown,
  ): OutgoingCall | undefined {
    const store = tracing.contexts.storage.getStore();
    if (isSuppressed(store)) return undefined;
    const active = store instanceof ActiveContext ? store : undefined;
    const span = tracing.startSpan(active, method, otlpKind.client);
    const { trace } = span;
    trace.httpCalls += 1;
    const target = targets.of(method, origin);
    const sent = { active, target, path };
    if (!trace.isSampled) return new OutgoingCall(span, sent, noEvidence);
    const statement = target.statementOf(toPathTemplate(path));
    const index = active === undefined ? 0 : callSites.count(trace, statement.text);
    const asked = { trace, statement, index, isAsked: false };
    const call = new OutgoingCall(span, sent, {
      hash: hashParams(statement.hashed, toHttpParams(method, path), statement),
      site: callSites.capture(asked, entry, framesMax),
      index,
    });
    span.detail = call;
    return call;
  }

  /** Hands the headers that continue the trace to `set`. */
  propagate(set: (name: string, value: string) => void): void {
    set("traceparent", toTraceparent(this.span));
    const { traceState } = this.span.trace;
    if (traceState !== "") set("tracestate", traceState);
    const baggage = baggageOf(this.#active);
    if (baggage !== "") set("baggage", baggage);
  }

  fail(error: unknown): void {
    const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
    this.errorType = String(code ?? name ?? "error").slice(0, 64);
    this.end();
  }

  end(): void {
    this.#countTry();
    if (this.statusCode >= 400 || this.errorType !== "") this.span.setStatus({ code: 2 });
    this.span.endAt(this.span.trace.nowMs());
  }

  /** Of a call with a body nobody knows whether the next one is the same. */
  #countTry(): void {
    const { trace } = this.span;
    if (this.#paramsHash === undefined) return;
    if (this.errorType === "" && !isWorthRetry(this.statusCode)) {
      trace.failedCalls?.delete(this.#paramsHash.text);
      return;
    }
    trace.failedCalls ??= new Map();
    if (trace.failedCalls.size < failedCallsMax) {
      trace.failedCalls.set(this.#paramsHash.text, this.#resendCount + 1);
    }
  }

  get alike(): AlikeSpans | undefined {
    return this.#callSite === undefined ? this.#target.alike : undefined;
  }

  write(writer: AttributeWriter): void {
    writer.kept(this.#target);
    writer.joined(keys.urlFull, this.#target.origin, withoutValues(this.#path));
    if (this.statusCode !== 0) writer.integer(keys.httpResponseStatusCode, this.statusCode);
    const errorType = this.errorType || (this.statusCode >= 400 ? String(this.statusCode) : "");
    if (errorType !== "") writer.known(keys.errorType, errorType);
    if (this.protocolVersion) writer.known(keys.networkProtocolVersion, this.protocolVersion);
    const hash = this.#paramsHash;
    if (hash !== undefined) writer.hex(keys.paramsHash, hash.high, hash.low);
    if (this.#repeatIndex > 1) writer.integer(keys.repeatIndex, this.#repeatIndex);
    if (this.#resendCount > 0) writer.integer(keys.httpRequestResendCount, this.#resendCount);
    if (this.#callSite !== undefined) writeCallSite(writer, this.#callSite);
    this.#writeTransfer(writer);
  }

  #writeTransfer(writer: AttributeWriter): void {
    const requestBytes = toBytes(this.requestLength);
    if (requestBytes >= 0) writer.integer(keys.httpRequestBodySize, requestBytes);
    const responseBytes = toBytes(this.responseLength);
    if (responseBytes >= 0) writer.integer(keys.httpResponseBodySize, responseBytes);
    if (this.isReused !== undefined) writer.flag(keys.connectionReused, this.isReused);
    if (this.firstByteMs >= 0) writer.double(keys.httpFirstByte, this.firstByteMs);
    if (this.dnsMs >= 0) writer.double(keys.httpDns, this.dnsMs);
    if (this.tcpMs >= 0) writer.double(keys.httpTcp, this.tcpMs);
    if (this.tlsMs >= 0) writer.double(keys.httpTls, this.tlsMs);
  }
}

const noEvidence = { hash: undefined, site: undefined, index: 0 };

/** Answers after which clients try again: timeouts, too many requests, faults of the server. */
function isWorthRetry(statusCode: number): boolean {
  return statusCode >= 500 || statusCode === 429 || statusCode === 408;
}

/** A path as it is, and the names of its parameters. */
function withoutValues(path: string): string {
  const mark = path.indexOf("?");
  return mark === -1 ? path : `${path.slice(0, mark)}?${redactQuery(path.slice(mark + 1))}`;
}

/** Of a `content-length`; -1 when it is none. */
function toBytes(header: unknown): number {
  if (header === undefined) return -1;
  const bytes = typeof header === "string" && header.length < 16 ? readDigits(header) : -1;
  if (bytes !== -1) return bytes;
  const number = Number(header);
  return Number.isSafeInteger(number) && number >= 0 ? number : -1;
}

/** What `Number` does, for a tenth of its price; -1 of whatever is not digits alone. */
function readDigits(text: string): number {
  let number = 0;
  for (let i = 0; i < text.length; i += 1) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return text === "" ? -1 : number;
}

const callKey = Symbol("culprit.call");

/** The call that a request object stands for. A property costs less than a WeakMap, which each collection looks through. */
export function callOf(request: object): OutgoingCall | undefined {
  return (request as { [callKey]?: OutgoingCall | undefined })[callKey];
}

export function setCall(request: object, call: OutgoingCall | undefined): void {
  (request as { [callKey]?: OutgoingCall | undefined })[callKey] = call;
}
