import type { DropReason } from "../diagnostics.ts";
import type { ContentEncoding } from "./content-encoding.ts";
import { type OtlpTarget, postOtlp } from "./post-otlp.ts";

/** One request's worth of encoded spans. */
export interface Batch {
  readonly body: Uint8Array;
  readonly spans: number;
  /** Of the body; undefined leaves compression to the target. */
  readonly encoding?: ContentEncoding;
}

export interface OtlpSenderOptions {
  readonly queueBytesMax: number;
  readonly onDrop: (reason: DropReason, spans: number) => void;
  readonly onSent?: (spans: number) => void;
  readonly onWarning: (message: string) => void;
  /** What to send instead of a batch that was refused for good; undefined: nothing, it is dropped. */
  readonly recode?: (batch: Batch) => Batch | undefined;
}

const backoffFirstMs = 1_000;
const backoffMaxMs = 30_000;
/** At the end of the process nobody can wait until each has been answered before the next is sent. */
const flushRequestsMax = 4;

/**
 * Sends batches one after the other, oldest first; in a flush several at once, as soon as one was taken. A collector
 * that is down costs memory up to `queueBytesMax` and then the oldest batches; it never costs the application time, and
 * nothing here keeps the process alive.
 *
 *   enqueue ──▶ queue ──▶ in flight ──▶ sent
 *                 ▲            └─ refused for now: back to the head, next attempt after 1, 2, 4 … 30 s
 *                 └─ too long: the oldest are dropped
 */
export class OtlpSender {
  readonly #target: OtlpTarget;
  readonly #options: OtlpSenderOptions;
  readonly #queue: Batch[] = [];
  #queueBytes = 0;
  #retry: NodeJS.Timeout | undefined = undefined;
  #failures = 0;
  #underWay = 0;
  #underWayMax = 1;
  /** Who waits for the end of a flush. */
  #flushes: ((isEmpty: boolean) => void)[] = [];

  constructor(target: OtlpTarget, options: OtlpSenderOptions) {
    this.#target = target;
    this.#options = options;
  }

  enqueue(batch: Batch): void {
    this.#queue.push(batch);
    this.#queueBytes += batch.body.length;
    this.#dropOverLimit();
    this.#advance();
  }

  /** Tries at once what waits. Whether nothing is left: the first failure ends it. */
  flush(): Promise<boolean> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#flushes.push(resolve);
    this.#advance();
    return promise;
  }

  #advance(): void {
    while (this.#retry === undefined && this.#underWay < this.#underWayMax) {
      const batch = this.#queue.shift();
      if (batch === undefined) break;
      this.#queueBytes -= batch.body.length;
      this.#underWay += 1;
      void this.#send(batch);
    }
    if (this.#underWay > 0) return;
    this.#underWayMax = 1;
    const flushes = this.#flushes;
    this.#flushes = [];
    for (const resolve of flushes) resolve(this.#queue.length === 0);
  }

  async #send(batch: Batch): Promise<void> {
    const outcome = await postOtlp(this.#target, batch.body, batch.encoding);
    this.#underWay -= 1;
    if (outcome.kind === "unavailable") {
      this.#putBack(batch, outcome.reason, outcome.retryAfterMs);
    } else {
      this.#failures = 0;
      if (this.#flushes.length > 0) this.#underWayMax = flushRequestsMax;
      if (outcome.kind === "rejected") this.#onRejected(batch, outcome.reason);
      else this.#options.onSent?.(batch.spans);
    }
    this.#advance();
  }

  #onRejected(batch: Batch, reason: string): void {
    const recoded = this.#options.recode?.(batch);
    if (recoded === undefined) {
      this.#drop(batch, "spans_rejected", reason);
      return;
    }
    this.#queue.unshift(recoded);
    this.#queueBytes += recoded.body.length;
    this.#dropOverLimit();
  }

  #putBack(batch: Batch, reason: string, retryAfterMs: number | undefined): void {
    this.#queue.unshift(batch);
    this.#queueBytes += batch.body.length;
    this.#dropOverLimit();
    this.#tryLater(retryAfterMs);
    this.#options.onWarning(
      `spans can't be sent to ${this.#target.url} and wait in memory: ${reason}`,
    );
  }

  #tryLater(retryAfterMs: number | undefined): void {
    if (this.#retry !== undefined) return;
    const backoffMs = Math.min(backoffFirstMs * 2 ** this.#failures, backoffMaxMs);
    this.#failures += 1;
    // Spread, so that a thousand processes do not come back to their collector in the same second.
    const waitMs = retryAfterMs ?? backoffMs * (0.8 + 0.4 * Math.random());
    // A collector may ask for more time or less, within what is reasonable.
    const boundedMs = Math.min(Math.max(waitMs, backoffFirstMs / 2), backoffMaxMs);
    const retry = () => {
      this.#retry = undefined;
      this.#advance();
    };
    this.#retry = setTimeout(retry, boundedMs).unref();
  }

  #dropOverLimit(): void {
    const { queueBytesMax } = this.#options;
    while (this.#queueBytes > queueBytesMax) {
      const oldest = this.#queue.shift();
      if (oldest === undefined) return;
      this.#queueBytes -= oldest.body.length;
      this.#drop(oldest, "spans_queue_full", `${queueBytesMax} bytes of them wait already`);
    }
  }

  #drop({ spans }: Batch, reason: "spans_rejected" | "spans_queue_full", why: string): void {
    this.#options.onDrop(reason, spans);
    this.#options.onWarning(`spans for ${this.#target.url} are dropped: ${why}`);
  }
}
