import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from "node:http2";
import { text } from "node:stream/consumers";
import type { Send } from "./run-library.ts";

export interface Http2Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Http2Sender {
  readonly send: Send;
  exchange(origin: string, headers: OutgoingHttpHeaders, body?: string): Promise<Http2Answer>;
  /** The one connection to an origin. */
  sessionOf(origin: string): ClientHttp2Session;
  close(): void;
}

/** Sends all requests to one origin through one connection. */
export function createHttp2Sender(options: SecureClientSessionOptions = {}): Http2Sender {
  const sessions = new Map<string, ClientHttp2Session>();
  const sender: Http2Sender = {
    sessionOf(origin) {
      const session = sessions.get(origin) ?? connect(origin, options);
      sessions.set(origin, session);
      return session;
    },
    async exchange(origin, headers, body) {
      const stream = sender.sessionOf(origin).request(headers, { endStream: body === undefined });
      if (body !== undefined) stream.end(body);
      const closed = once(stream, "close");
      const [[answered], answer] = await Promise.all([once(stream, "response"), text(stream)]);
      await closed;
      return { headers: answered, body: answer };
    },
    async send(url, body) {
      const { origin, pathname } = new URL(url);
      const headers = {
        ":method": body === undefined ? "GET" : "POST",
        ":path": pathname,
        "content-type": "application/json",
        ...(body === undefined ? {} : { "content-length": body.length }),
      };
      await sender.exchange(origin, headers, body);
    },
    close() {
      for (const session of sessions.values()) session.close();
    },
  };
  return sender;
}
