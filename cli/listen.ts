import type { Server } from "node:http";
import type { AddressInfo, Server as NetServer } from "node:net";

/** Resolves with the port; rejects with a message that names the flag to choose another. */
export async function listen(
  server: NetServer,
  { host, port, flag }: { readonly host: string; readonly port: number; readonly flag: string },
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const hint = toHint(error.code, port, flag) ?? error.message;
      reject(new Error(`can't listen on ${host}:${port}: ${hint}`));
    });
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

function toHint(code: string | undefined, port: number, flag: string): string | undefined {
  switch (code) {
    case "EADDRINUSE":
      return `port ${port} is taken: choose another with ${flag}`;
    case "EACCES":
      return `port ${port} is for root only: choose another with ${flag}`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return "this machine has no such address: choose another with --host";
    default:
      return undefined;
  }
}

/** Requests under way get so long to end when the process does. */
export const closeMs = 5_000;

/** Takes no more connections; those with a request under way get some seconds to end it. */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise((resolve) => server.close(resolve));
  // A client that has a request under way would send the next one on the same connection, until it is cut off.
  server.prependListener("request", (_request, response) => {
    response.shouldKeepAlive = false;
  });
  server.closeIdleConnections();
  const lastResort = setTimeout(() => server.closeAllConnections(), closeMs);
  await closed;
  clearTimeout(lastResort);
}
