import { childrenOf, type SpanIndex } from "../model/trace-view.ts";
import { callsOfTrace } from "./calls-of-trace.ts";
import { oncePerText } from "./once-per-text.ts";
import { oncePerTrace } from "./once-per-trace.ts";
import { selfNs } from "./self-time.ts";

/** A wait for a connection of a pool. */
export interface ConnectionWait {
  /** The call that waited, or the span of the pool's checkout. */
  readonly span: SpanIndex;
  readonly start: number;
  readonly end: number;
  /** measured: the agent told it. checkout: it is the pool's span, which may hide that a connection was opened. */
  readonly source: "measured" | "checkout";
  /** A connection was opened meanwhile: not a wait for others. */
  readonly isConnecting: boolean;
}

/** Spans in which a pool hands out a connection, by name: of pg, generic-pool, mysql2, the JVM's pools, database/sql. */
export const checkoutPattern =
  "^(pg-pool[.]connect|generic-pool[.]acquire|pool[.](acquire|connect|checkout|getConnection)|.*getConnection|sql[.]conn[.]open|db[.]connection[.]acquire)$";
const checkout = new RegExp(checkoutPattern);
const isCheckout = oncePerText((name) => checkout.test(name));
const opening = /^(pg\.connect|(tcp|tls)\.connect|dns\.lookup|connect)$/i;

/** All waits of a trace, by start. */
export const connectionWaits = oncePerTrace((trace): readonly ConnectionWait[] => {
  const waits: ConnectionWait[] = [];
  for (const span of callsOfTrace(trace).calls) {
    const waitNs = trace.poolWaitNs[span]!;
    if (waitNs <= 0) continue;
    const start = trace.start[span]!;
    const end = Math.min(trace.end[span]!, start + waitNs);
    waits.push({ span, start, end, source: "measured", isConnecting: false });
  }
  if (waits.length > 0) return waits;
  const { name } = trace;
  for (let span = 0; span < trace.size; span++) {
    if (!isCheckout(name[span]!)) continue;
    const start = trace.start[span]!;
    const isConnecting = childrenOf(trace, span).some((child) => opening.test(trace.name[child]!));
    const end = start + (isConnecting ? selfNs(trace, span) : trace.end[span]! - start);
    waits.push({ span, start, end, source: "checkout", isConnecting });
  }
  return waits;
});
