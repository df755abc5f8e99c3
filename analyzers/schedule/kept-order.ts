import {
  type LearnedOrderRow,
  type LearnedOrdersParameters,
  learnedOrdersQuery,
} from "../../storage/queries/learned-orders.ts";
import type { Store } from "../../storage/store.ts";
import { LearnedOrder, learnedVersion } from "../facts/learned-order.ts";

/** A kill forgets what was learned in so much time. */
const keepEveryMs = 300_000;
/** Endpoints that are read at the start, those that were learned about last. */
const endpointsMax = 500;
/** Endpoints of one insert: each has some kilobytes. */
const endpointsAtOnce = 100;

/** What was learned of the order of calls, kept in the store. */
export class KeptOrder {
  readonly order = new LearnedOrder();
  readonly #store: Store;
  readonly #worker: string;
  #isRestored = false;
  #keptMs = 0;

  /** `worker` names whose it is: each learns from its own traces. */
  constructor(store: Store, worker: string) {
    this.#store = store;
    this.#worker = worker;
  }

  /** Once, before anything is learned. */
  async restore(nowMs: number): Promise<void> {
    if (this.#isRestored) return;
    const parameters: LearnedOrdersParameters = {
      worker: this.#worker,
      version: learnedVersion,
      endpointsMax,
    };
    const rows = await this.#store.select<LearnedOrderRow>(learnedOrdersQuery, parameters);
    // The oldest first: that is the one that is forgotten first.
    for (const { endpoint, body } of rows.reverse()) this.order.restore(endpoint, body);
    this.#isRestored = true;
    this.#keptMs = nowMs;
  }

  /** Every few minutes. */
  async keep(nowMs: number): Promise<void> {
    if (nowMs - this.#keptMs < keepEveryMs) return;
    this.#keptMs = nowMs;
    const changed = this.order.takeChanged();
    for (let from = 0; from < changed.length; from += endpointsAtOnce) {
      await this.#store.insertRows(
        "learned_orders",
        changed.slice(from, from + endpointsAtOnce).map(({ endpoint, body }) => ({
          worker: this.#worker,
          version: learnedVersion,
          endpoint,
          at: nowMs,
          body,
        })),
      );
    }
  }
}
