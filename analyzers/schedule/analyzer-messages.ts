import type { MessagePort } from "node:worker_threads";
import type { Finding } from "../model/finding.ts";
import type { AnalysisCounters } from "./analysis-counters.ts";
import type { AnalyzerShare } from "./settled.ts";

/** What the analyzer's worker is started with. */
export interface AnalyzerWorkerData {
  /** The store answers here. */
  readonly storePort: MessagePort;
  readonly share: AnalyzerShare | undefined;
}

/** What the worker tells the main thread. */
export type AnalyzerMessage =
  | { readonly kind: "finding"; readonly finding: Finding }
  | { readonly kind: "counters"; readonly counters: AnalysisCounters }
  | { readonly kind: "log"; readonly line: string };
