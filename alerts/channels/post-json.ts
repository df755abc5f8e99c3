import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from "node:dns";
import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isPublicAddress } from "./public-address.ts";

export interface PostOptions {
  /** From looking up the name to the last byte of the answer. */
  readonly timeoutMs?: number;
  /** What is read of the answer; the rest is cut off. */
  readonly responseBytesMax?: number;
  /** Lets the request go to loopback and private networks: for tests, and for a relay of one's own. */
  readonly allowPrivate?: boolean;
  readonly signal?: AbortSignal;
  /** Name resolution; replaced in tests. */
  readonly resolve?: Resolve;
}

/** The addresses of a host name. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

export interface PostAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** Each code is documented in ARCHITECTURE.md, stable and searchable. */
export type PostErrorCode = "DESTINATION_REFUSED" | "DESTINATION_UNREACHABLE" | "POST_TIMEOUT";

/** Its message and causes never hold the URL: a webhook's URL is a secret. */
export class PostError extends Error {
  readonly code: PostErrorCode;

  constructor(code: PostErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/**
 * Sends `body` as JSON and resolves with any answer, also 4xx and 5xx. Redirects are answers, not followed; nothing is
 * decompressed. The address that is connected to is the one that was checked, so a name that changes its address
 * between check and use gains nothing. Throws a `PostError`.
 */
export async function postJson(
  url: string,
  body: unknown,
  options: PostOptions = {},
): Promise<PostAnswer> {
  const { timeoutMs = 10_000, responseBytesMax = 16_384, allowPrivate = false } = options;
  const destination = checkDestination(url, { allowPrivate });
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
  const payload = Buffer.from(JSON.stringify(body));
  try {
    const response = await send(destination, payload, {
      signal,
      lookup: checkedLookup(options.resolve ?? resolveByDns, allowPrivate),
    });
    return {
      status: response.statusCode ?? 0,
      retryAfter: response.headers["retry-after"],
      body: await readStart(response, responseBytesMax),
    };
  } catch (error) {
    if (error instanceof PostError) throw error;
    if (timeout.aborted) {
      throw new PostError("POST_TIMEOUT", `${destination.host} did not answer in ${timeoutMs} ms`);
    }
    throw new PostError("DESTINATION_UNREACHABLE", `no answer from ${destination.host}`, error);
  }
}

/**
 * What can be said of a URL without looking up its name; to be asked when a destination is configured. Throws a
 * `PostError` with `DESTINATION_REFUSED`. Hosts written as numbers ("0x7f000001", "2130706433") are read as a browser
 * reads them.
 */
export function checkDestination(url: string, { allowPrivate = false } = {}): URL {
  const destination = URL.parse(url);
  if (!destination || !["http:", "https:"].includes(destination.protocol)) {
    throw new PostError("DESTINATION_REFUSED", "a destination must be an http or https URL");
  }
  if (destination.username !== "" || destination.password !== "") {
    throw new PostError("DESTINATION_REFUSED", "a destination must not hold a user or password");
  }
  const host = destination.hostname.replace(/^\[|\]$/g, "");
  const isLocalName = /(^|\.)localhost\.?$/.test(host);
  if (!allowPrivate && (isLocalName || (isIP(host) !== 0 && !isPublicAddress(host)))) {
    throw privateDestination(destination.host);
  }
  return destination;
}

function privateDestination(host: string): PostError {
  return new PostError(
    "DESTINATION_REFUSED",
    `${host} is on a private network; allow private destinations if that is meant`,
  );
}

const resolveByDns: Resolve = (hostname) =>
  new Promise((resolve, reject) => {
    dnsLookup(hostname, { all: true }, (error, addresses) =>
      error ? reject(error) : resolve(addresses),
    );
  });

/** Refuses a name as soon as one of its addresses is private: which one a connection gets is not ours to choose. */
function checkedLookup(resolve: Resolve, allowPrivate: boolean): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const first = addresses[0];
        if (!first) return callback(new Error(`${hostname} has no address`), "");
        if (!allowPrivate && !addresses.every(({ address }) => isPublicAddress(address))) {
          return callback(privateDestination(hostname), "");
        }
        if (options.all) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: Error) => callback(error, ""),
    );
  };
}

function send(url: URL, payload: Buffer, options: RequestOptions): Promise<IncomingMessage> {
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/json; charset=utf-8",
      "content-length": payload.length,
      "accept-encoding": "identity",
      "user-agent": "culprit",
    };
    // No agent: each message has its own connection, so none is sent over one that was checked for another.
    request(url, { ...options, method: "POST", headers, agent: false }, resolve)
      .on("error", reject)
      .end(payload);
  });
}

/** The first bytes of the answer. Leaving the loop early closes the connection. */
async function readStart(response: IncomingMessage, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= bytesMax) break;
  }
  return Buffer.concat(chunks).subarray(0, bytesMax).toString("utf8");
}
