import type { Finding } from "../analyzers/model/finding.ts";
import type { AlertChannel } from "./alert-channel.ts";
import { ChannelQueue, type QueueCounters, type QueueLimits } from "./channel-queue.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { DeliveryLog } from "./delivery.ts";

export interface OutboxOptions {
  /** Their names differ. */
  readonly channels: readonly AlertChannel[];
  readonly deliveries: DeliveryLog;
  readonly log: (line: string) => void;
  readonly clock?: Clock;
  /** 0 … 1, for jitter. */
  readonly random?: () => number;
  readonly limits?: Partial<QueueLimits>;
}

const defaultLimits: QueueLimits = {
  queueMax: 1000,
  intervalMs: 1000,
  retryFirstMs: 1000,
  retryLongestMs: 5 * 60_000,
  retryAfterMaxMs: 60 * 60_000,
  giveUpAfterMs: 24 * 60 * 60_000,
  closeMs: 5000,
};

export interface Outbox {
  /** Queues a message to every channel that has not had it, and returns at once. The same finding may be offered often. */
  offer(finding: Finding): void;
  readonly counters: Readonly<QueueCounters>;
  /** Lets what is being sent end, for a bounded time. What waits is to be offered again after the next start. */
  close(): Promise<void>;
}

/**
 * Brings every finding to every channel once. Channels do not wait for each other:
 *
 *   offer ─┬─▶ queue of "slack" ──▶ send ──▶ record
 *          └─▶ queue of …       ──▶ send ──▶ record
 *
 * Only a process that ends between a receiver's 200 and our record may repeat a message. The record is read first:
 * rejects when that fails.
 */
export async function createOutbox(options: OutboxOptions): Promise<Outbox> {
  const { channels, deliveries, log, clock = systemClock, random = Math.random } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const counters = { sent: 0, failed: 0, retried: 0, dropped: 0, recordErrors: 0, waiting: 0 };
  const recorded = await deliveries.list();
  const queues = channels.map((channel) => {
    const done = recorded.filter((delivery) => delivery.channel === channel.name);
    const taken = new Set(done.map(({ findingId }) => findingId));
    return new ChannelQueue({ channel, taken, counters, deliveries, log, clock, random, limits });
  });
  return {
    offer: (finding) => {
      for (const queue of queues) queue.offer(finding);
    },
    counters,
    close: async () => {
      await Promise.all(queues.map((queue) => queue.close()));
    },
  };
}
