import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { PoolState } from "../runtime/metrics/pool-gauges.ts";
import type { Constructor } from "./constructor.ts";

/** The parts of mysql2 (2 and 3) that are read or wrapped. */

export interface Mysql2Server {
  readonly database?: string;
  readonly serverAddress?: string;
  readonly serverPort?: number;
}

export interface Mysql2Query extends Mysql2Server {
  /** Of `query()` with its values written into it, of `execute()` with placeholders. */
  readonly query: string;
  readonly values?: unknown;
}

/** The parts of a pool that are read. */
export interface Mysql2Pool {
  readonly _allConnections: { readonly length: number };
  readonly _freeConnections: { readonly length: number };
  readonly _connectionQueue: { readonly length: number };
  readonly config: {
    readonly connectionLimit: number;
    readonly connectionConfig: {
      readonly host?: string;
      readonly port?: number;
      readonly database?: string;
    };
  };
}

export interface Mysql2Connection {
  readonly config?: {
    readonly host?: string;
    /** A text when it came in a URL. */
    readonly port?: number | string;
    readonly socketPath?: string;
    readonly database?: string;
  };
}

interface Mysql2Classes {
  readonly Connection: Constructor;
  readonly Pool: Constructor;
  /** Whether calls are told on diagnostics channels. */
  readonly isPublishing: boolean;
}

/** `file` is one of those that the package is loaded by; they are all in its folder. */
export function loadMysql2Classes(file: string): Mysql2Classes {
  const requireOwn = createRequire(file);
  const has = (path: string) => existsSync(join(dirname(file), path));
  // Newer versions have their methods in classes of their own.
  const load = (name: string) =>
    requireOwn(has(`lib/base/${name}`) ? `./lib/base/${name}` : `./lib/${name}`) as Constructor;
  return {
    Connection: load("connection.js"),
    Pool: load("pool.js"),
    isPublishing: has("lib/tracing.js"),
  };
}

export function toPoolState(pool: Mysql2Pool): PoolState {
  const idle = pool._freeConnections.length;
  return {
    used: pool._allConnections.length - idle,
    idle,
    pending: pool._connectionQueue.length,
    max: pool.config.connectionLimit,
  };
}

export function toPoolName({ config }: Mysql2Pool): string {
  const { host = "localhost", port = 3306, database = "" } = config.connectionConfig;
  return `${host}:${port}/${database}`;
}
