import type { Query } from "../store.ts";

/** The last attempt per finding and channel, newest first: what the outbox must not send again. */
export const deliveriesQuery: Query = {
  name: "deliveries",
  sql: `
    SELECT
      fingerprint,
      channel,
      toFloat64(toUnixTimestamp64Milli(at)) AS atMs,
      outcome,
      attempt,
      reason
    FROM deliveries
    ORDER BY at DESC, attempt DESC, fingerprint, channel
    LIMIT 1 BY fingerprint, channel
    LIMIT {deliveriesMax:UInt32}`,
};

export type DeliveriesParameters = { readonly deliveriesMax: number };

export type DeliveryRow = {
  readonly fingerprint: string;
  readonly channel: string;
  readonly atMs: number;
  readonly outcome: string;
  readonly attempt: number;
  readonly reason: string;
};
