import type { Finding } from "../analyzers/model/finding.ts";
import type { AlertChannel, SendResult } from "./alert-channel.ts";
import type { Clock } from "./clock.ts";
import type { Delivery, DeliveryLog } from "./delivery.ts";
import { parseRetryAfter } from "./retry-after.ts";

export interface QueueLimits {
  /** Messages that wait, per channel. */
  readonly queueMax: number;
  /** Between two messages of a channel: Slack takes about one a second. */
  readonly intervalMs: number;
  /** Waits double from the first to the longest. */
  readonly retryFirstMs: number;
  readonly retryLongestMs: number;
  /** The longest wait that a receiver may ask for. */
  readonly retryAfterMaxMs: number;
  /** After so long without success a message has failed. */
  readonly giveUpAfterMs: number;
  /** For what is being sent when the outbox is closed. */
  readonly closeMs: number;
}

/** Totals since the start, over all channels; `waiting` is now. */
export interface QueueCounters {
  sent: number;
  failed: number;
  retried: number;
  /** Offered while the queue was full, or after the end. */
  dropped: number;
  /** An outcome could not be recorded, and is recorded later. */
  recordErrors: number;
  waiting: number;
}

export interface ChannelQueueOptions {
  readonly channel: AlertChannel;
  /** Ids of the findings that this channel has had; added to by the queue. */
  readonly taken: Set<string>;
  readonly counters: QueueCounters;
  readonly deliveries: DeliveryLog;
  readonly log: (line: string) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly limits: QueueLimits;
}

interface Message {
  readonly finding: Finding;
  readonly offeredAt: number;
  dueAt: number;
  attempts: number;
  /** Set once it is sent or has failed: it is then left to record that. */
  delivery?: Delivery;
  recordAttempts: number;
}

/**
 * The messages to one channel, one at a time, at its pace:
 *
 *   offer ──▶ waiting ──send──▶ sent or failed ──append──▶ recorded
 *                ▲───try again───┘    ▲──again──┘
 *
 * Nothing more is sent while an outcome can't be recorded, so that at most one message is repeated after a restart.
 */
export class ChannelQueue {
  readonly #options: ChannelQueueOptions;
  readonly #messages: Message[] = [];
  readonly #stop = new AbortController();
  #isClosed = false;
  /** The channel as a whole does nothing before. */
  #freeAt = 0;
  #cancelTimer = () => {};
  #working: Promise<void> | undefined;

  constructor(options: ChannelQueueOptions) {
    this.#options = options;
  }

  offer(finding: Finding): void {
    const { taken, counters, limits, clock } = this.#options;
    if (taken.has(finding.id)) return;
    if (this.#isClosed || this.#messages.length >= limits.queueMax) {
      counters.dropped++;
      return;
    }
    taken.add(finding.id);
    counters.waiting++;
    const now = clock.now();
    this.#messages.push({ finding, offeredAt: now, dueAt: now, attempts: 0, recordAttempts: 0 });
    this.#schedule();
  }

  async close(): Promise<void> {
    const { clock, limits } = this.#options;
    this.#isClosed = true;
    this.#cancelTimer();
    const { promise: timedOut, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(limits.closeMs, resolve);
    await Promise.race([this.#finish(), timedOut]);
    cancel();
    this.#stop.abort();
  }

  /** Waits for what is under way; what was sent but not recorded gets one more chance. */
  async #finish(): Promise<void> {
    await this.#working;
    const unrecorded = this.#messages.find(({ delivery }) => delivery);
    if (unrecorded) await this.#work(unrecorded);
  }

  /** Sets the timer for the message that is due first. */
  #schedule(): void {
    if (this.#working || this.#isClosed) return;
    this.#cancelTimer();
    const [first, ...others] = this.#messages;
    if (!first) return;
    const next = others.reduce((a, b) => (b.dueAt < a.dueAt ? b : a), first);
    const { clock } = this.#options;
    const waitMs = Math.max(next.dueAt, this.#freeAt) - clock.now();
    this.#cancelTimer = clock.after(Math.max(waitMs, 0), () => {
      this.#working = this.#work(next).finally(() => {
        this.#working = undefined;
        this.#schedule();
      });
    });
  }

  async #work(message: Message): Promise<void> {
    if (!message.delivery) await this.#attempt(message);
    if (message.delivery) await this.#record(message, message.delivery);
  }

  async #attempt(message: Message): Promise<void> {
    const { clock, limits } = this.#options;
    message.attempts++;
    const result = await this.#send(message.finding);
    const now = clock.now();
    this.#holdUntil(now + limits.intervalMs);
    if (result.outcome === "sent") this.#settle(message, "sent", "");
    else if (result.outcome === "refused") this.#settle(message, "failed", result.reason);
    else if (now - message.offeredAt >= limits.giveUpAfterMs) {
      this.#settle(message, "failed", `gave up: ${result.reason}`);
    } else this.#tryAgain(message, result.retryAfter);
  }

  async #send(finding: Finding): Promise<SendResult> {
    const { channel } = this.#options;
    try {
      return await channel.send(finding, this.#stop.signal);
    } catch (error) {
      return { outcome: "try-again", reason: `fault in channel ${channel.name}: ${error}` };
    }
  }

  #settle(message: Message, status: Delivery["status"], reason: string): void {
    const { channel, counters, clock, log } = this.#options;
    const { finding, attempts } = message;
    counters[status]++;
    if (status === "failed") log(`finding ${finding.id} not sent to ${channel.name}: ${reason}`);
    message.delivery = {
      findingId: finding.id,
      channel: channel.name,
      at: clock.now(),
      status,
      attempts,
      reason,
    };
  }

  #tryAgain(message: Message, retryAfter: string | undefined): void {
    const { clock, counters, limits } = this.#options;
    const now = clock.now();
    counters.retried++;
    message.dueAt = now + this.#backoffMs(message.attempts);
    // A receiver that asks for patience speaks for the channel, not for this message.
    const askedMs = parseRetryAfter(retryAfter, { now, maxMs: limits.retryAfterMaxMs });
    if (askedMs !== undefined) this.#holdUntil(now + askedMs);
  }

  async #record(message: Message, delivery: Delivery): Promise<void> {
    const { deliveries, counters, clock, log } = this.#options;
    try {
      await deliveries.append(delivery);
      this.#messages.splice(this.#messages.indexOf(message), 1);
      counters.waiting--;
    } catch (error) {
      counters.recordErrors++;
      message.recordAttempts++;
      if (message.recordAttempts === 1) log(`delivery not recorded, trying again: ${error}`);
      message.dueAt = 0;
      this.#holdUntil(clock.now() + this.#backoffMs(message.recordAttempts));
    }
  }

  #holdUntil(at: number): void {
    this.#freeAt = Math.max(this.#freeAt, at);
  }

  /** Half of it is chance, so that many senders do not come back together. */
  #backoffMs(attempts: number): number {
    const { limits, random } = this.#options;
    const longest = Math.min(limits.retryFirstMs * 2 ** (attempts - 1), limits.retryLongestMs);
    return (longest * (1 + random())) / 2;
  }
}
