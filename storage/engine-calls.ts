import type { FrontStatement } from "./http-front/front-statement.ts";
import type { StoreCalls } from "./store-calls.ts";

/** What the process that holds ClickHouse answers: the port, and what only the owner of the store may ask. */
export interface EngineCalls extends StoreCalls {
  /** Runs a statement of ours with all rights; resolves with its output. */
  administer(sql: string): Promise<string>;
  /** Runs a statement from outside with the rights and limits of a reader. Its errors carry ClickHouse's message. */
  read(statement: FrontStatement): Promise<Uint8Array>;
}
