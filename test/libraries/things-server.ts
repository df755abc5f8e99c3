import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface ThingsServer {
  readonly url: string;
  readonly port: number;
  /** The `traceparent` of each request so far. */
  readonly parents: readonly string[];
  /** Settles with the next request for `/things/slow`, which is never answered. */
  nextSlow(): Promise<unknown>;
  stop(): void;
}

/** What the tests' apps call: answers every request but one with "thing". */
export async function startThingsServer(): Promise<ThingsServer> {
  const parents: string[] = [];
  const slow = new EventEmitter();
  const server = createServer((request, response) => {
    parents.push(String(request.headers.traceparent));
    if (request.url === "/things/slow") slow.emit("request");
    else response.end("thing");
  });
  // An app that gets no CPU for seconds would use a connection that is being closed at this moment.
  server.keepAliveTimeout = 0;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    parents,
    nextSlow: () => once(slow, "request"),
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
