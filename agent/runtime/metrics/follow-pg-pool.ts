import type { PoolGauges, PoolState } from "./pool-gauges.ts";

/** What is read of a pool of pg. */
export interface MeteredPgPool {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly options?: {
    readonly connectionString?: string;
    readonly host?: string;
    readonly port?: number;
    readonly database?: string;
    readonly max?: number;
  };
}

/** To be called when a pool is used; does nothing from the second time on. */
export function followPgPool(pools: PoolGauges | undefined, pool: MeteredPgPool): void {
  pools?.follow(pool, toPoolName, toPoolState);
}

export function toPoolState({
  totalCount,
  idleCount,
  waitingCount,
  options,
}: MeteredPgPool): PoolState {
  return {
    used: totalCount - idleCount,
    idle: idleCount,
    pending: waitingCount,
    max: options?.max ?? 10,
  };
}

/** `host:port/database`, as the semantic conventions have it where a driver gives its pools no names. */
export function toPoolName(pool: MeteredPgPool): string {
  const { host, port, database } = toPoolServer(pool);
  return `${host}:${port}/${database}`;
}

/** Where a pool connects to, as far as its own settings say that. */
export function toPoolServer({ options = {} }: Pick<MeteredPgPool, "options">) {
  const { connectionString, host = "localhost", port = 5432, database = "" } = options;
  const url = connectionString === undefined ? null : URL.parse(connectionString);
  if (url === null) return { host, port, database };
  return { host: url.hostname, port: Number(url.port || 5432), database: url.pathname.slice(1) };
}
