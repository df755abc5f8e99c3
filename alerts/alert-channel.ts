import type { Finding } from "../analyzers/model/finding.ts";

/** A way to people. */
export interface AlertChannel {
  /** Unique, and kept for good: the record of deliveries is by finding and channel. */
  readonly name: string;
  /** Tries once. Rejects only on a fault of ours, which counts as "try-again". `signal`: stop waiting. */
  send(finding: Finding, signal: AbortSignal): Promise<SendResult>;
}

export type SendResult =
  | { readonly outcome: "sent" }
  /** It will not get better: tell nobody twice that it failed. */
  | { readonly outcome: "refused"; readonly reason: string }
  | {
      readonly outcome: "try-again";
      readonly reason: string;
      /** The header as the receiver sent it. */
      readonly retryAfter?: string;
    };
