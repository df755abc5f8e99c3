import { ClickHouseError } from "@clickhouse/client";
import { StorageError } from "../store.ts";
import { isServerError } from "../to-storage-error.ts";

const delayMsMin = 200;
const delayMsMax = 10_000;

interface Host<Client> {
  readonly client: Client;
  readonly name: string;
  delayMs: number;
  /** Left alone until then; 0: it answered last time. */
  awayUntilMs: number;
}

export interface HostsOptions<Client> {
  readonly clients: readonly { readonly name: string; readonly client: Client }[];
  readonly now: () => number;
  readonly log: (line: string) => void;
}

/**
 * Hosts that serve the same data, taken in turn. One that can't be reached, or says that it can't serve, is left alone
 * for a time that doubles with each failure; the call goes to the next. With none left: STORE_UNAVAILABLE.
 */
export class Hosts<Client> {
  readonly #hosts: readonly Host<Client>[];
  readonly #now: () => number;
  readonly #log: (line: string) => void;
  #turn = 0;

  constructor({ clients, now, log }: HostsOptions<Client>) {
    this.#hosts = clients.map((host) => ({ ...host, delayMs: delayMsMin, awayUntilMs: 0 }));
    this.#now = now;
    this.#log = log;
  }

  /** At least one host is not left alone. */
  get isReady(): boolean {
    return this.#hosts.some((host) => host.awayUntilMs <= this.#now());
  }

  /** Runs a call that may be repeated on another host. Rejects with what the last host tried said. */
  async run<R>(call: (client: Client) => Promise<R>): Promise<R> {
    const first = this.#turn++;
    let failure: unknown;
    for (let i = 0; i < this.#hosts.length; i++) {
      const host = this.#hosts[(first + i) % this.#hosts.length]!;
      if (host.awayUntilMs > this.#now()) continue;
      try {
        const result = await call(host.client);
        host.delayMs = delayMsMin;
        host.awayUntilMs = 0;
        return result;
      } catch (cause) {
        if (!isOfHost(cause)) throw cause;
        this.#leave(host, cause);
        failure = cause;
        // The statement may still run there, and would run twice at the same time.
        if (isTimeout(cause)) break;
      }
    }
    if (failure instanceof ClickHouseError) throw failure;
    const reason = failure instanceof Error ? failure.message : "each failed a moment ago";
    throw new StorageError("STORE_UNAVAILABLE", `no ClickHouse host answers: ${reason}`, failure);
  }

  #leave(host: Host<Client>, cause: unknown): void {
    host.awayUntilMs = this.#now() + host.delayMs;
    this.#log(`${host.name} left alone for ${host.delayMs} ms: ${cause}`);
    host.delayMs = Math.min(host.delayMs * 2, delayMsMax);
  }
}

/** A statement that ClickHouse refuses would be refused by any host. */
function isOfHost(cause: unknown): boolean {
  if (cause instanceof StorageError) return false;
  return !(cause instanceof ClickHouseError) || isServerError(cause);
}

/** The client gives no code. */
function isTimeout(cause: unknown): boolean {
  return cause instanceof Error && cause.message.startsWith("Timeout error");
}
