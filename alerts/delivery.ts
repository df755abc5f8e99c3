/** What became of one message. Final: the finding is never sent to that channel again. */
export interface Delivery {
  readonly findingId: string;
  readonly channel: string;
  readonly at: number;
  readonly status: "sent" | "failed";
  readonly attempts: number;
  /** Why it failed; "" when it was sent. Holds no secret. */
  readonly reason: string;
}

/** Where deliveries are remembered. */
export interface DeliveryLog {
  list(): Promise<readonly Delivery[]>;
  append(delivery: Delivery): Promise<void>;
}
