/**
 * What is known of a settled trace without reading it: never less than what it has, so a detector that looks for more
 * need not see the trace. Told when spans arrive (`storage/migrations/*-trace-arrivals-view-with-signs.sql`); sums over
 * what came in parts may be too high.
 */
export interface TraceSigns {
  /** The most calls with one shape, and of failed ones; what spans of any shape stand for beyond themselves is added. */
  readonly repeats: number;
  readonly failures: number;
  /** Σ of the calls of 10 ms and more. */
  readonly longCallsNs: number;
  readonly longestCallNs: number;
  /** Of a database. */
  readonly longestQueryNs: number;
  /** Of a span that serves or calls somebody, and no database. */
  readonly longestOtherNs: number;
  /** Of one call. */
  readonly returnedRows: number;
  /** Of one server span. */
  readonly responseBytes: number;
  /** Σ of checkouts from a pool, and of waits for a connection that the agent told. */
  readonly waitsNs: number;
  /** Spans that begin a transaction, or hold one. */
  readonly transactions: number;
  /** Spans that tell of a blocked event loop. */
  readonly blocks: number;
}
