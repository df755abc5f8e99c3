import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { text } from "node:stream/consumers";
import type { Send } from "./run-library.ts";

export interface Http2Sender {
  readonly send: Send;
  close(): void;
}

/** Sends all requests to one origin through one connection. */
export function createHttp2Sender(): Http2Sender {
  const sessions = new Map<string, ClientHttp2Session>();
  const sessionOf = (origin: string) => {
    const session = sessions.get(origin) ?? connect(origin);
    sessions.set(origin, session);
    return session;
  };
  return {
    async send(url, body) {
      const { origin, pathname } = new URL(url);
      const stream = sessionOf(origin).request({
        ":method": body === undefined ? "GET" : "POST",
        ":path": pathname,
        "content-type": "application/json",
        ...(body === undefined ? {} : { "content-length": body.length }),
      });
      stream.end(body);
      const closed = once(stream, "close");
      await text(stream);
      await closed;
    },
    close() {
      for (const session of sessions.values()) session.close();
    },
  };
}
