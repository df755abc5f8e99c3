import type { Query } from "../store.ts";

/** What happened to some findings, oldest first. */
export const findingEventsQuery: Query = {
  name: "finding-events",
  sql: `
    SELECT
      fingerprint,
      toFloat64(toUnixTimestamp64Milli(at)) AS atMs,
      kind,
      body
    FROM finding_events
    WHERE fingerprint IN (SELECT toFixedString(arrayJoin({fingerprints:Array(String)}), 32))
    ORDER BY fingerprint, at, kind, body
    LIMIT {eventsMax:UInt32}`,
};

export type FindingEventsParameters = {
  readonly fingerprints: readonly string[];
  readonly eventsMax: number;
};

export type FindingEventRow = {
  readonly fingerprint: string;
  readonly atMs: number;
  readonly kind: string;
  /** JSON. */
  readonly body: string;
};
