import { load } from "../load-on-demand.ts";
import { onDemand } from "../on-demand.ts";
import { Guard } from "./guard.ts";
import type { Http2ServerOptions, StreamStart } from "./http2-server.ts";
import type { ModuleLoads } from "./module-loads.ts";
import type { CallOptions } from "./outgoing-call.ts";

/**
 * Requests of `node:http2` clients, by a wrap once the module is loaded, and to its servers, by a diagnostics channel
 * that Node 22.15 and 24.0 do not have yet; as streams, as requests and responses, and those of a framework on top.
 */
export function instrumentHttp2(
  options: CallOptions,
  serving: Omit<Http2ServerOptions, "guard">,
  loads: ModuleLoads,
): void {
  const guard = new Guard("node:http2 servers");
  const server = onDemand(() => load("http2-server"));
  guard.subscribe<StreamStart>("http2.server.stream.created", (message) =>
    server().startStream({ ...serving, guard }, message),
  );

  const client = onDemand(() => new (load("http2-client").Http2ClientInstrumentation)(options));
  for (const name of ["http2", "node:http2"]) {
    loads.onLoaded(name, (exports) => client().patch(exports));
  }
  loads.onImported("node:http2", () => client().patch(process.getBuiltinModule("node:http2")));
}
