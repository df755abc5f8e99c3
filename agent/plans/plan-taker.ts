import { createRequire } from "node:module";
import type { ExportSettings } from "../export/export-service.ts";
import { LogSender } from "../export/log-sender.ts";
import { explain, type PlanClient } from "./explain.ts";
import type { PlanConnection, PlanRequest } from "./plan-messages.ts";
import { toPlanRecord } from "./plan-record.ts";

interface Client extends PlanClient {
  on(event: "error", listener: () => void): void;
  connect(): Promise<unknown>;
  end(): Promise<void>;
}

interface Pg {
  readonly Client: new (settings: PlanConnection & ClientLimits) => Client;
}

interface ClientLimits {
  readonly application_name: string;
  readonly connectionTimeoutMillis: number;
  readonly query_timeout: number;
}

const limits: ClientLimits = {
  application_name: "culprit",
  connectionTimeoutMillis: 2_000,
  query_timeout: 3_000,
};
/** One after the other; then there is something about this database that plans are not to be had. */
const failuresMax = 5;

/**
 * The agent's thread: asks the database for a plan, on a connection of its own that is closed again, with the
 * application's pg. Neither its pool nor its transactions are touched.
 */
export class PlanTaker {
  readonly #sender: LogSender;
  readonly #onFailure: () => void;
  #failures = 0;
  /** One after the other. */
  #last: Promise<void> = Promise.resolve();

  /** `onFailure`: a plan was not taken or not sent. */
  constructor(sending: ExportSettings, onFailure: () => void) {
    this.#sender = new LogSender(sending, onFailure);
    this.#onFailure = onFailure;
  }

  take(request: PlanRequest): void {
    if (this.#failures >= failuresMax) {
      this.#onFailure();
      return;
    }
    this.#last = this.#last.then(async () => {
      try {
        await this.#take(request);
        this.#failures = 0;
      } catch {
        this.#failures += 1;
        this.#onFailure();
      }
    });
  }

  async #take({ library, connection, sql, parameters, call }: PlanRequest): Promise<void> {
    const pg = createRequire(library)(library) as Pg;
    const client = new pg.Client({ ...connection, ...limits });
    // What was asked of it rejects.
    client.on("error", () => undefined);
    try {
      await client.connect();
      const plan = await explain(client, sql, parameters);
      this.#sender.send(toPlanRecord(plan, call, connection));
    } finally {
      // Not waited for: an older pg never says that a client is closed which was never connected.
      client.end().catch(() => undefined);
    }
  }
}
