import { load } from "../load-on-demand.ts";
import { onDemand } from "../on-demand.ts";
import type { DatabaseOptions } from "./database-call.ts";
import { Guard } from "./guard.ts";
import type { Mysql2Instrumentation } from "./mysql2.ts";
import type { Mysql2Query, Mysql2Server } from "./mysql2-classes.ts";
import { followCalls } from "./tracing-channel.ts";

/** What newer versions publish, also of a copy that is part of a bundle: nobody sees that one being loaded. */
export function followMysql2(options: DatabaseOptions): () => Mysql2Instrumentation {
  const guard = new Guard("mysql2");
  const { contexts } = options.tracing;
  const mysql2 = onDemand(() => new (load("mysql2").Mysql2Instrumentation)(options, guard));
  for (const name of ["mysql2:query", "mysql2:execute"]) {
    followCalls<Mysql2Query>({
      name,
      guard,
      contexts,
      start: (query, entry) => mysql2().startCall(query, entry),
    });
  }
  const checkout = "mysql2:pool:connect";
  followCalls<Mysql2Server>({
    name: checkout,
    guard,
    contexts,
    start: (_server, entry) => mysql2().startCheckout(entry),
  });
  guard.subscribe(`tracing:${checkout}:asyncEnd`, () => mysql2().endCheckout());
  return mysql2;
}
