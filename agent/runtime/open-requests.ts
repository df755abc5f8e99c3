import type { Span } from "@opentelemetry/api";
import { countDropped } from "../diagnostics.ts";

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
 * The server spans that are open, and for the moment between two heartbeats those that have ended: the request that
 * blocked the event loop may have been answered by the same code, before anybody could see the block.
 */
export class OpenRequests {
  readonly #startsMs = new Map<Span, number>();
  #ended: AffectedRequest[] = [];

  add(span: Span): void {
    if (this.#startsMs.size >= openMax) countDropped("requests_not_followed");
    else this.#startsMs.set(span, performance.now());
  }

  /** When it was added, as of `performance.now()`; undefined when it is not followed. */
  startMsOf(span: Span): number | undefined {
    return this.#startsMs.get(span);
  }

  remove(span: Span): void {
    const startMs = this.#startsMs.get(span);
    if (startMs === undefined) return;
    this.#startsMs.delete(span);
    if (this.#ended.length < endedMax) {
      this.#ended.push({ span, startMs, endMs: performance.now() });
    }
  }

  /** Open at any time between the two, at most `requestsMax`; of those that have ended only what `forgetEnded` left. */
  during(startMs: number, endMs: number, requestsMax: number): AffectedRequest[] {
    const affected = this.#ended.filter((request) => isBetween(request, startMs, endMs));
    for (const [span, openedMs] of this.#startsMs) {
      if (affected.length >= requestsMax) break;
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

function isBetween(request: AffectedRequest, startMs: number, endMs: number): boolean {
  return request.startMs < endMs && request.endMs > startMs;
}
