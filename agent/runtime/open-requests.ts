import type { Span } from "@opentelemetry/api";
import { countDropped } from "../diagnostics.ts";
import { placeKey } from "../tracing/recorded-span.ts";

/** A request that was open during a block of the event loop; times as of `performance.now()`. */
export interface AffectedRequest {
  readonly span: Span;
  readonly startMs: number;
  /** Infinity while it is open. */
  readonly endMs: number;
}

const openMax = 10_000;
const endedMax = 1_000;

/**
 * The server spans that are open, and for the moment between two heartbeats those that have ended while the event loop
 * was late: the request that blocked it may have been answered by the same code, before anybody could see the block.
 *
 * Spans have places in arrays, and know them. In a `Map` that spans enter and leave, each table that it has grown out of
 * keeps its entries and the next table: once one of them is old, V8's young generation frees none of the spans after it.
 */
export class OpenRequests {
  readonly #spans: (Span | undefined)[] = [];
  readonly #startsMs: number[] = [];
  readonly #freePlaces: number[] = [];
  #ended: AffectedRequest[] = [];

  add(span: Span, startMs: number): void {
    const place = this.#freePlaces.pop() ?? this.#spans.length;
    if (place >= openMax) {
      countDropped("requests_not_followed");
      return;
    }
    (span as PlacedSpan)[placeKey] = place;
    this.#spans[place] = span;
    this.#startsMs[place] = startMs;
  }

  get isEmpty(): boolean {
    return this.#freePlaces.length === this.#spans.length;
  }

  open(): Span[] {
    return this.#spans.filter((span) => span !== undefined);
  }

  /** `isRemembered`: until the next heartbeat. When the request began; undefined of one that is not followed. */
  remove(span: Span, endMs: number, isRemembered: boolean): number | undefined {
    const place = (span as PlacedSpan)[placeKey] ?? -1;
    if (this.#spans[place] !== span) return undefined;
    const startMs = this.#startsMs[place]!;
    this.#spans[place] = undefined;
    this.#freePlaces.push(place);
    if (isRemembered && this.#ended.length < endedMax) this.#ended.push({ span, startMs, endMs });
    return startMs;
  }

  /** Open at any time between the two, at most `requestsMax`; of those that have ended only what `forgetEnded` left. */
  during(startMs: number, endMs: number, requestsMax: number): AffectedRequest[] {
    const affected = this.#ended.filter((request) => isBetween(request, startMs, endMs));
    for (const [place, span] of this.#spans.entries()) {
      if (affected.length >= requestsMax) break;
      if (span === undefined) continue;
      const openedMs = this.#startsMs[place]!;
      const request = { span, startMs: openedMs, endMs: Number.POSITIVE_INFINITY };
      if (isBetween(request, startMs, endMs)) affected.push(request);
    }
    return affected.slice(0, requestsMax);
  }

  /** At each heartbeat: nothing of a request is kept after it. */
  forgetEnded(): void {
    if (this.#ended.length > 0) this.#ended = [];
  }
}

type PlacedSpan = Span & { [placeKey]?: number };

function isBetween(request: AffectedRequest, startMs: number, endMs: number): boolean {
  return request.startMs < endMs && request.endMs > startMs;
}
