/** What is kept, and dropped, together. */
export type StoredSignal = "traces" | "logs" | "metrics";

interface SignalRetention {
  readonly days: number;
  /** Compressed, of all tables of the signal; 0: the disk decides. */
  readonly bytesMax: number;
}

export type Retention = Readonly<Record<StoredSignal, SignalRetention>>;

export const defaultRetention: Retention = {
  traces: { days: 14, bytesMax: 0 },
  logs: { days: 14, bytesMax: 0 },
  metrics: { days: 14, bytesMax: 0 },
};

/** The tables with a partition a day that hold what was received, by signal. Rollups have an end of their own. */
export const signalTables: Readonly<Record<StoredSignal, readonly string[]>> = {
  traces: ["spans", "spans_by_service", "traces"],
  logs: ["logs"],
  metrics: ["metric_points"],
};

export function signalOf(table: string): StoredSignal {
  const entries = Object.entries(signalTables) as [StoredSignal, readonly string[]][];
  return entries.find(([, tables]) => tables.includes(table))?.[0] ?? "traces";
}
