import type { Span } from "@opentelemetry/api";
import type { CallSite } from "../evidence/call-site.ts";
import type { StatementCounts } from "../evidence/statement-counts.ts";
import { hexToWord, wordToHex } from "./hex-words.ts";
import { monotonicNow } from "./monotonic-clock.ts";
import { randomWord } from "./random-words.ts";

/** What a caller says about the trace that it belongs to; ids as signed 32-bit integers. */
export interface RemoteParent {
  readonly trace: readonly [number, number, number, number];
  readonly span: readonly [number, number];
  readonly isSampled: boolean;
  readonly traceState: string;
}

/**
 * The part of a trace that one local root and what it calls make: a request, or a job. It holds the trace's id and what
 * is counted over all of its spans. Contexts keep it alive, so it holds nothing of the request itself.
 */
export class LocalTrace {
  readonly id0: number;
  readonly id1: number;
  readonly id2: number;
  readonly id3: number;
  readonly traceState: string;
  /** What spans are sent with: a tail decision is nothing that a called service may go by. */
  sentState: string;
  readonly isSampled: boolean;
  /** Once a tail decision is made. */
  isKept: boolean | undefined = undefined;
  /** The first span of it that began here. */
  root: Span | undefined = undefined;
  /** Wall time minus `performance.now()`, the same for all spans, so that they keep their order. */
  readonly clockOffsetMs: number;
  /** The `baggage` header as it came; "" without one. */
  baggage = "";
  /** The route's pattern, once a framework has found it. */
  route = "";
  /** Where the route is defined; once for each route. */
  handler: CallSite | undefined = undefined;
  /** The span of the request that is answered. */
  server: Span | undefined = undefined;
  dbCalls = 0;
  dbRows = 0;
  dbTimeMs = 0;
  httpCalls = 0;
  /** How often each HTTP call was sent whose last try has failed, by the hash of its parameters. */
  failedCalls: Map<string, number> | undefined = undefined;
  /** How often each statement ran. */
  repeats: StatementCounts | undefined = undefined;
  /** Its number among all that were marked for a profile; -1 while it was not. */
  markedAs = -1;
  #hex = "";

  constructor(
    ids: RemoteParent["trace"],
    traceState: string,
    isSampled: boolean,
    offsetMs: number,
  ) {
    this.id0 = ids[0];
    this.id1 = ids[1];
    this.id2 = ids[2];
    this.id3 = ids[3];
    this.traceState = traceState;
    this.sentState = traceState;
    this.isSampled = isSampled;
    this.clockOffsetMs = offsetMs;
  }

  /** 32 lower-case hex digits. */
  get hex(): string {
    if (this.#hex === "") {
      this.#hex =
        wordToHex(this.id0) + wordToHex(this.id1) + wordToHex(this.id2) + wordToHex(this.id3);
    }
    return this.#hex;
  }

  /** Milliseconds since 1970, to the microsecond. */
  nowMs(): number {
    return this.clockOffsetMs + monotonicNow();
  }

  /** The same, of a time as of `performance.now()`. */
  toEpochMs(monotonicMs: number): number {
    return this.clockOffsetMs + monotonicMs;
  }
}

export function randomTraceId(): RemoteParent["trace"] {
  return [randomWord(), randomWord(), randomWord(), randomWord()];
}

/** Undefined when the text is no id, or all zeros. */
export function parseTraceId(text: string, at = 0): RemoteParent["trace"] | undefined {
  const id0 = hexToWord(text, at);
  const id1 = hexToWord(text, at + 8);
  const id2 = hexToWord(text, at + 16);
  const id3 = hexToWord(text, at + 24);
  if (id0 === undefined || id1 === undefined || id2 === undefined || id3 === undefined) {
    return undefined;
  }
  return (id0 | id1 | id2 | id3) === 0 ? undefined : [id0, id1, id2, id3];
}

/** Undefined when the text is no id, or all zeros. */
export function parseSpanId(text: string, at = 0): RemoteParent["span"] | undefined {
  const id0 = hexToWord(text, at);
  const id1 = hexToWord(text, at + 8);
  if (id0 === undefined || id1 === undefined || (id0 | id1) === 0) return undefined;
  return [id0, id1];
}
