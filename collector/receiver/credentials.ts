import type { IncomingHttpHeaders } from "node:http";
import type { Credentials } from "../auth/key-ring.ts";

/** Of headers of HTTP, or of metadata of gRPC, which are headers of HTTP/2. */
export function toCredentials(headers: IncomingHttpHeaders): Credentials {
  return { authorization: headers.authorization, apiKey: String(headers["x-api-key"] ?? "") };
}
