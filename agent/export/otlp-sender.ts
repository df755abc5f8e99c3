import type { DropReason } from "../diagnostics.ts";
import { type OtlpTarget, postOtlp } from "./post-otlp.ts";

/** One request's worth of encoded spans. */
export interface Batch {
  readonly body: Uint8Array;
  readonly spans: number;
}

export interface OtlpSenderOptions {
  readonly queueBytesMax: number;
  readonly onDrop: (reason: DropReason, spans: number) => void;
  readonly onWarning: (message: string) => void;
}

const backoffFirstMs = 1_000;
const backoffMaxMs = 30_000;

/**
 * Sends batches one after the other, oldest first. A collector that is down costs memory up to `queueBytesMax` and then
 * the oldest batches; it never costs the application time, and nothing here keeps the process alive.
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
  #sending: Promise<boolean> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;

  constructor(target: OtlpTarget, options: OtlpSenderOptions) {
    this.#target = target;
    this.#options = options;
  }

  enqueue(batch: Batch): void {
    this.#queue.push(batch);
    this.#queueBytes += batch.body.length;
    this.#dropOverLimit();
    if (this.#retry === undefined) void this.#send();
  }

  /** Tries at once what waits. Whether nothing is left: the first failure ends it. */
  flush(): Promise<boolean> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    return this.#send();
  }

  async #send(): Promise<boolean> {
    if (this.#sending === undefined && this.#queue.length === 0) return true;
    this.#sending ??= this.#sendAll();
    return this.#sending;
  }

  async #sendAll(): Promise<boolean> {
    for (let batch = this.#queue.shift(); batch !== undefined; batch = this.#queue.shift()) {
      this.#queueBytes -= batch.body.length;
      const outcome = await postOtlp(this.#target, batch.body);
      if (outcome.kind === "unavailable") {
        this.#putBack(batch, outcome.reason, outcome.retryAfterMs);
        break;
      }
      this.#failures = 0;
      if (outcome.kind === "rejected") this.#drop(batch, "spans_rejected", outcome.reason);
    }
    this.#sending = undefined;
    return this.#queue.length === 0;
  }

  #putBack(batch: Batch, reason: string, retryAfterMs: number | undefined): void {
    this.#queue.unshift(batch);
    this.#queueBytes += batch.body.length;
    this.#dropOverLimit();
    const backoffMs = Math.min(backoffFirstMs * 2 ** this.#failures, backoffMaxMs);
    this.#failures += 1;
    // Spread, so that a thousand processes do not come back to their collector in the same second.
    const waitMs = retryAfterMs ?? backoffMs * (0.8 + 0.4 * Math.random());
    // A collector may ask for more time or less, within what is reasonable.
    const boundedMs = Math.min(Math.max(waitMs, backoffFirstMs / 2), backoffMaxMs);
    this.#retry = setTimeout(() => void this.flush(), boundedMs).unref();
    this.#options.onWarning(
      `spans can't be sent to ${this.#target.url} and wait in memory: ${reason}`,
    );
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
