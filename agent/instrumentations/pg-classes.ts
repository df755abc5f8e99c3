import type { Constructor } from "./constructor.ts";

/** The parts of pg and pg-pool (7 and 8, 2 and 3) that are read or wrapped. */

export interface PgQuery {
  readonly text?: unknown;
  callback?: ((this: unknown, ...results: unknown[]) => unknown) | undefined;
}

export interface PgClient {
  readonly host?: unknown;
  readonly port?: unknown;
  readonly database?: unknown;
  readonly user?: unknown;
  readonly password?: unknown;
  readonly ssl?: unknown;
  readonly connection?: { readonly stream?: { readonly remotePort?: unknown } };
  readonly connectionParameters?: {
    readonly query_timeout?: unknown;
    readonly ssl?: unknown;
    readonly options?: unknown;
  };
  /** Newer versions warn whoever reads the names without the dash. */
  readonly _queryQueue?: readonly PgQuery[];
  readonly queryQueue?: readonly PgQuery[];
  readonly _sentQueryQueue?: readonly PgQuery[];
  readonly _activeQuery?: PgQuery | null;
  readonly activeQuery?: PgQuery | null;
}

export interface PgPool {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly options?: {
    readonly max?: number;
    readonly connectionString?: string;
    readonly host?: string;
    readonly port?: number;
    readonly database?: string;
  };
}

export interface PgModule {
  readonly Client?: Constructor;
}
