import { setTimeout as delay } from "node:timers/promises";
import { decideAlert } from "../alerts/alert-rules.ts";
import { createSlackChannel } from "../alerts/channels/slack.ts";
import type { Delivery } from "../alerts/delivery.ts";
import { createOutbox, type Outbox } from "../alerts/outbox.ts";
import type { Finding } from "../analyzers/model/finding.ts";
import { errorCode } from "../collector/collector-error.ts";
import { type DeliveryRow, deliveriesQuery } from "../storage/queries/deliveries.ts";
import { type FindingRow, findingsQuery } from "../storage/queries/findings.ts";
import type { Store } from "../storage/store.ts";
import type { StartConfig } from "./config.ts";

export interface Alerts {
  /** Tells of a finding if the rules say so, and nobody was told yet. */
  offer(finding: Finding): void;
  readonly counters: Outbox["counters"];
  close(): Promise<void>;
}

/** Deliveries that are remembered: one a finding and channel. */
const deliveriesMax = 100_000;
const findingsMax = 500;
const nothingSent: Outbox["counters"] = {
  sent: 0,
  failed: 0,
  retried: 0,
  dropped: 0,
  recordErrors: 0,
  waiting: 0,
};

const openAgainMs = 1_000;

/**
 * The alerts, as soon as the store tells who was told already; while it is away nobody is. What is offered until then
 * is not lost: findings are stored before they are offered, and the stored ones are offered then.
 */
export async function createAlerts(
  config: StartConfig,
  store: Store,
  log: (line: string) => void,
): Promise<Alerts> {
  const closing = new AbortController();
  const { signal } = closing;
  let alerts: Alerts | undefined;
  const open = async () => {
    alerts = await openAlerts(config, store, log);
  };
  const openLater = async () => {
    while (alerts === undefined && !signal.aborted) {
      // Aborted: the loop's condition ends it.
      await delay(openAgainMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await open().catch(sayUnlessAway);
    }
  };
  const sayUnlessAway = (error: unknown) => {
    if (errorCode(error) !== "STORE_UNAVAILABLE") log(`can't begin yet, trying again: ${error}`);
  };
  let opening = Promise.resolve();
  try {
    await open();
  } catch (error) {
    if (errorCode(error) !== "STORE_UNAVAILABLE") throw error;
    opening = openLater();
  }
  return {
    offer: (finding) => alerts?.offer(finding),
    get counters() {
      return alerts?.counters ?? nothingSent;
    },
    close: async () => {
      closing.abort();
      await opening;
      await alerts?.close();
    },
  };
}

/** Connects findings, rules, outbox and its record in the store. Offers what an earlier run could not send. */
async function openAlerts(
  config: StartConfig,
  store: Store,
  log: (line: string) => void,
): Promise<Alerts> {
  const { publicUrl, slackWebhookUrl, allowPrivateDestinations: allowPrivate } = config;
  const toLinks = ({ id, evidence }: Finding) => {
    const traceId = evidence.sampleTraces[0]?.traceId;
    return {
      findingUrl: `${publicUrl}/findings/${id}`,
      ...(traceId !== undefined && { traceUrl: `${publicUrl}/traces/${traceId}` }),
    };
  };
  const outbox = await createOutbox({
    channels: slackWebhookUrl
      ? [createSlackChannel({ webhookUrl: slackWebhookUrl, toLinks, allowPrivate })]
      : [],
    deliveries: {
      list: async () => {
        const rows = await store.select<DeliveryRow>(deliveriesQuery, { deliveriesMax });
        return rows.map(toDelivery);
      },
      append: ({ findingId, channel, at, status, attempts, reason }) =>
        store.insertRows("deliveries", [
          {
            fingerprint: findingId,
            channel,
            at,
            outcome: status,
            attempt: attempts,
            reason,
          },
        ]),
    },
    log,
  });
  const offer = (finding: Finding) => {
    if (decideAlert(finding).tell) outbox.offer(finding);
  };
  for (const { body } of await store.select<FindingRow>(findingsQuery, { findingsMax })) {
    offer(JSON.parse(body));
  }
  return { offer, counters: outbox.counters, close: () => outbox.close() };
}

function toDelivery({
  fingerprint,
  channel,
  atMs,
  outcome,
  attempt,
  reason,
}: DeliveryRow): Delivery {
  return {
    findingId: fingerprint,
    channel,
    at: atMs,
    status: outcome === "sent" ? "sent" : "failed",
    attempts: attempt,
    reason,
  };
}
