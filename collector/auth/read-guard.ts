import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { RequestHandler } from "express";
import type { Counters } from "../counters.ts";
import { hashSecret } from "./ingest-key.ts";

/** Each is also the `reason` under which the refusal is counted. */
type ReadGuardErrorCode = "INGEST_KEY_REFUSED" | "TOKEN_MISSING" | "TOKEN_UNKNOWN";

const answers: Readonly<Record<ReadGuardErrorCode, readonly [status: number, message: string]>> = {
  INGEST_KEY_REFUSED: [403, "an ingest key may send, and read nothing"],
  TOKEN_MISSING: [401, "the API token is needed: as a bearer token, or as the password of Basic"],
  TOKEN_UNKNOWN: [401, "this is not the API token"],
};

export interface ReadGuardOptions {
  /** What API, UI and metrics ask for. */
  readonly token: string;
  /** Whether it is an ingest key: such a mistake is worth another answer. */
  readonly isIngestKey: (secret: string) => boolean;
  /** `refused_reads{reason}` */
  readonly counters: Counters;
}

/**
 * Lets only those pass who show the token: tools as `Authorization: Bearer TOKEN`, browsers as the password of Basic
 * authentication, whatever the user's name.
 */
export function createReadGuard({
  token,
  isIngestKey,
  counters,
}: ReadGuardOptions): RequestHandler {
  const digest = hashSecret(token);
  return (request, response, next) => {
    const secret = toSecret(request.headers);
    if (secret !== "" && timingSafeEqual(hashSecret(secret), digest)) return next();
    const code =
      secret === ""
        ? "TOKEN_MISSING"
        : isIngestKey(secret)
          ? "INGEST_KEY_REFUSED"
          : "TOKEN_UNKNOWN";
    counters.add("refused_reads", 1, code);
    const [status, message] = answers[code];
    if (status === 401) {
      response.set("WWW-Authenticate", 'Basic realm="culprit", charset="UTF-8"');
    }
    response.status(status).json({ error: { code, message } });
  };
}

/** "" when there is none. */
function toSecret(headers: IncomingHttpHeaders): string {
  const { authorization = "" } = headers;
  const [, scheme = "", value = ""] = /^(bearer|basic) +(\S+) *$/i.exec(authorization) ?? [];
  if (scheme.toLowerCase() === "basic") {
    const pair = Buffer.from(value, "base64").toString();
    return pair.slice(pair.indexOf(":") + 1);
  }
  return value || String(headers["x-api-key"] ?? "").trim();
}
