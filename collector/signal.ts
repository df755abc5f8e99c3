/** What OTLP carries and we store. Each has its routes, its decoder, its journal and its table. */
export const signals = ["traces", "metrics", "logs"] as const;

export type Signal = (typeof signals)[number];

/** What a signal is counted in, as OTLP's partial success names it (`rejected_spans`). One is one row in storage. */
export const rowNames = {
  traces: "spans",
  metrics: "data_points",
  logs: "log_records",
} as const satisfies Record<Signal, string>;

/** One of a part for each signal. */
export function bySignal<Part>(create: (signal: Signal) => Part): Readonly<Record<Signal, Part>> {
  return { traces: create("traces"), metrics: create("metrics"), logs: create("logs") };
}
