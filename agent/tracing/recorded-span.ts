import {
  type Attributes,
  type AttributeValue,
  type Exception,
  type Link,
  type Span,
  type SpanContext,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
  TraceFlags,
} from "@opentelemetry/api";
import { countDropped } from "../diagnostics.ts";
import type { ParamsHash } from "../evidence/params-hash.ts";
import type { AlikeSpans } from "./alike-spans.ts";
import type { AttributeWriter } from "./attribute-writer.ts";
import { toException } from "./exception-attributes.ts";
import { wordToHex } from "./hex-words.ts";
import type { LocalTrace } from "./local-trace.ts";
import { randomWord } from "./random-words.ts";
import { marking } from "./request-marks.ts";
import { toEpochMs } from "./time-input.ts";
import { toTraceState } from "./trace-state.ts";

/** As OTLP numbers them. */
export const otlpKind = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

/** What an instrumentation of ours knows of its span; it is asked once the span has ended, maybe some seconds later. */
export interface SpanDetail {
  /** Writes attributes. May be called twice for one span, so it changes nothing. */
  write(writer: AttributeWriter): void;
  /** Of a server's span, when it ends: takes over whatever of it may change after that, and lets go of the request. */
  settle?(): void;
  /** Of a call that may be summed up with others like it; undefined of one that is sent as it is. */
  readonly repeat?: Repeat | undefined;
  /** Spans that most probably have the same attributes, but for numbers and texts; undefined when nothing is known. */
  readonly alike?: AlikeSpans | undefined;
}

/** One of many calls of the same statement in a request. */
export interface Repeat extends SpanDetail {
  readonly statement: string;
  /** Undefined when it is not known. */
  readonly paramsHash: ParamsHash | undefined;
  /** -1 when they are not known. */
  readonly rows: number;
  /** Whether the two differ in parameters, rows and time only. Of the same statement. */
  isAlike(other: Repeat): boolean;
  /** Writes what alike calls have in common. */
  writeShared(writer: AttributeWriter): void;
}

/** Takes spans that have ended; without their detail, once it is written, for contexts keep a span alive. */
export interface SpanSink {
  add(span: RecordedSpan): void;
}

export interface SpanEvent {
  readonly name: string;
  readonly timeMs: number;
  readonly attributes: Attributes;
}

/** Those of OpenTelemetry's specification. */
const attributesMax = 128;
const eventsMax = 128;
const linksMax = 128;

/** Where whoever follows open requests keeps a span. */
export const placeKey = Symbol("culprit.place");

/**
 * A span, as OpenTelemetry's API wants it and as our own instrumentations use it: those give a `detail` that writes its
 * attributes straight into the export buffer, so that no object is made for them.
 */
export class RecordedSpan implements Span {
  readonly trace: LocalTrace;
  readonly id0 = randomWord();
  readonly id1 = randomWord();
  readonly parent0: number;
  readonly parent1: number;
  /** OTLP's number. */
  readonly kind: number;
  /** Index of the instrumentation scope, among those of the sink. */
  readonly scope: number;
  readonly startMs: number;
  name: string;
  endMs = 0;
  statusCode = 0;
  statusMessage = "";
  detail: SpanDetail | undefined = undefined;
  attributes: Map<string, AttributeValue> | undefined = undefined;
  events: SpanEvent[] | undefined = undefined;
  links: Link[] | undefined = undefined;
  droppedAttributes = 0;
  droppedEvents = 0;
  droppedLinks = 0;
  /** Its detail may be one of many alike. */
  mayRepeat = false;
  /** Set beforehand, so that all spans have the same shape. */
  [placeKey] = -1;
  readonly #sink: SpanSink;
  #hex = "";
  #context: SpanContext | undefined = undefined;

  constructor(
    sink: SpanSink,
    trace: LocalTrace,
    parent: { readonly id0: number; readonly id1: number } | undefined,
    options: { name: string; kind: number; startMs: number; scope: number },
  ) {
    this.#sink = sink;
    this.trace = trace;
    if (trace.root === undefined) trace.root = this;
    this.parent0 = parent === undefined ? 0 : parent.id0;
    this.parent1 = parent === undefined ? 0 : parent.id1;
    this.name = options.name;
    this.kind = options.kind;
    this.startMs = options.startMs;
    this.scope = options.scope;
    if (marking.active !== undefined) marking.active.mark(trace);
  }

  /** 16 lower-case hex digits. */
  get hex(): string {
    if (this.#hex === "") this.#hex = wordToHex(this.id0) + wordToHex(this.id1);
    return this.#hex;
  }

  spanContext(): SpanContext {
    if (this.#context === undefined) {
      const { hex: traceId, traceState, isSampled } = this.trace;
      const traceFlags = isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
      this.#context =
        traceState === ""
          ? { traceId, spanId: this.hex, traceFlags }
          : { traceId, spanId: this.hex, traceFlags, traceState: toTraceState(traceState) };
    }
    return this.#context;
  }

  isRecording(): boolean {
    return this.endMs === 0 && this.trace.isSampled;
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (!this.isRecording() || typeof key !== "string" || key === "" || value == null) return this;
    this.attributes ??= new Map();
    if (this.attributes.size >= attributesMax && !this.attributes.has(key)) {
      this.droppedAttributes += 1;
    } else {
      this.attributes.set(key, value);
    }
    return this;
  }

  setAttributes(attributes: Attributes): this {
    return this.#read(() => {
      for (const key in attributes) {
        const value = attributes[key];
        if (value !== undefined) this.setAttribute(key, value);
      }
    });
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (!this.isRecording()) return this;
    this.events ??= [];
    if (this.events.length >= eventsMax) {
      this.droppedEvents += 1;
      return this;
    }
    return this.#read(() => {
      const isTime = isTimeInput(attributesOrTime);
      this.events?.push({
        name: String(name),
        timeMs: toEpochMs(isTime ? attributesOrTime : time) ?? this.trace.nowMs(),
        attributes: isTime || attributesOrTime === undefined ? {} : { ...attributesOrTime },
      });
    });
  }

  addLink(link: Link): this {
    if (!this.isRecording()) return this;
    this.links ??= [];
    if (this.links.length >= linksMax) this.droppedLinks += 1;
    else this.links.push(link);
    return this;
  }

  addLinks(links: Link[]): this {
    return this.#read(() => {
      for (const link of links) this.addLink(link);
    });
  }

  /** OK is final, and only an error has a message (specification of the API, "Set Status"). */
  setStatus(status: SpanStatus): this {
    if (!this.isRecording() || this.statusCode === SpanStatusCode.OK) return this;
    return this.#read(() => {
      const { code, message } = status;
      if (code === SpanStatusCode.UNSET) return;
      this.statusCode = code;
      this.statusMessage =
        code === SpanStatusCode.ERROR && typeof message === "string" ? message : "";
    });
  }

  updateName(name: string): this {
    if (!this.isRecording()) return this;
    return this.#read(() => {
      this.name = String(name);
    });
  }

  recordException(exception: Exception, time?: TimeInput): void {
    this.#read(() => this.addEvent("exception", toException(exception), time));
  }

  end(endTime?: TimeInput): void {
    let endMs: number | undefined;
    if (endTime !== undefined) {
      this.#read(() => {
        endMs = toEpochMs(endTime);
      });
    }
    this.endAt(endMs ?? this.trace.nowMs());
  }

  /** Milliseconds since 1970. A span ends once, and never before it started. */
  endAt(endMs: number): void {
    if (this.endMs !== 0) return;
    this.endMs = Math.max(endMs, this.startMs);
    if (this.trace.isSampled) this.#send();
    else this.detail = undefined;
    if (marking.active === undefined) return;
    if (this.kind === otlpKind.server) marking.active.end(this.trace, this.name);
    else marking.active.mark(this.trace);
  }

  #send(): void {
    try {
      if (this.kind === otlpKind.server) this.detail?.settle?.();
      this.#sink.add(this);
    } catch {
      this.detail = undefined;
      countDropped("span_failed");
    }
  }

  /** For what the application hands over: it may be anything, and the API never throws (specification, "Error handling"). */
  #read(read: () => unknown): this {
    try {
      read();
    } catch {
      countDropped("attributes_unreadable");
    }
    return this;
  }
}

function isTimeInput(value: Attributes | TimeInput | undefined): value is TimeInput {
  return typeof value === "number" || value instanceof Date || Array.isArray(value);
}
