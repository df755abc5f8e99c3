import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Counters } from "../counters.ts";

/** By the code of Node's error; any other is no HTTP. */
const kinds: Readonly<Record<string, readonly [reason: string, status: string]>> = {
  HPE_HEADER_OVERFLOW: ["headers_too_large", "431 Request Header Fields Too Large"],
  ERR_HTTP_REQUEST_TIMEOUT: ["timeout", "408 Request Timeout"],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ["invalid", "413 Payload Too Large"],
  ECONNRESET: ["aborted", "400 Bad Request"],
};

/**
 * Requests that Node refuses before anybody sees them, or while they are read, are answered as Node would, and counted as
 * `broken_requests{reason}`: over the limits of headers and time, no HTTP, or a client that went away.
 */
export function countBrokenRequests(server: Server, counters: Counters): void {
  const responses = new WeakMap<Duplex, ServerResponse>();
  server.on("request", (request, response) => responses.set(request.socket, response));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const [reason, status] = kinds[error.code ?? ""] ?? ["invalid", "400 Bad Request"];
    counters.add("broken_requests", 1, reason);
    const response = responses.get(socket);
    // Nothing may be put into the middle of an answer.
    const isAnswering = response?.headersSent === true && !response.writableFinished;
    if (socket.writable && !isAnswering) {
      socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    }
    (socket as Socket).destroySoon();
  });
}
