import { hash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import type { Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import express from "express";
import { expect } from "vitest";
import type { Authorize, Grant } from "../auth/key-ring.ts";
import { Counters } from "../counters.ts";
import { freeBytes } from "../free-bytes.ts";
import { bySignal, type Signal } from "../signal.ts";
import { ByteBudget } from "./byte-budget.ts";
import { createLimitedServer, defaultHttpLimits, type HttpLimits } from "./http-limits.ts";
import type { HttpReceiverOptions } from "./http-request.ts";
import { createIntake, type Decode, type Intake } from "./intake.ts";
import { createOtlpReceiver } from "./otlp-http.ts";
import { createZipkinReceiver } from "./zipkin-http.ts";

/** A receiver behind a real server. Its decoder and its journal are stand-ins that show what they were handed. */
export class ReceiverForTests {
  readonly counters = new Counters();
  readonly logged: string[] = [];
  readonly decoded: Parameters<Decode>[] = [];
  readonly stored: string[] = [];
  /** What the next appends wait for, or reject with. */
  append: () => Promise<void> = async () => {};
  /** "5": five spans; "5-2": two of them are rejected; "5-2-1": one attribute is dropped. "x…" is no request. */
  decode: Decode = async (body) => {
    const text = Buffer.from(body).toString();
    if (text.startsWith("x")) {
      throw Object.assign(new Error("field number 0"), { code: "INVALID_PROTOBUF" });
    }
    const [all = 0, rejected = 0, droppedAttributes = 0] = text.split("-").map(Number);
    const rows = Math.max(0, (all || 0) - rejected);
    const losses = {
      truncatedValues: 0,
      droppedAttributes,
      cardinality: 0,
      overflowedServices: 0,
      overflowedNames: 0,
      droppedEvents: 0,
      droppedLinks: 0,
      droppedExemplars: 0,
      droppedIds: 0,
    };
    const rejectedReasons = rejected > 0 ? { invalid_trace_id: rejected } : {};
    return { block: new Uint8Array(rows), requests: 1, rows, rejected, rejectedReasons, losses };
  };
  /** Asks for nothing until a test replaces it. */
  authorize: Authorize = () => openGrant;
  /** For a receiver of another transport. */
  readonly options: HttpReceiverOptions;
  readonly #server: Server;
  readonly #events = new EventEmitter();
  #bodies = 0;

  constructor(limits: Partial<HttpLimits> = {}) {
    const all = { ...defaultHttpLimits, bodyBytesMax: 1000, inFlightBytesMax: 1500, ...limits };
    this.options = {
      intakes: bySignal((signal) => this.#createIntake(signal)),
      authorize: (credentials) => this.authorize(credentials),
      bodyBytesMax: all.bodyBytesMax,
      budget: new ByteBudget(all.inFlightBytesMax),
      counters: this.counters,
      log: (message) => this.logged.push(message),
    };
    this.#server = createLimitedServer(
      express().use(createOtlpReceiver(this.options), createZipkinReceiver(this.options)),
      all,
      this.counters,
    );
  }

  #createIntake(signal: Signal): Intake {
    return createIntake({
      signal,
      decode: async (...call) => {
        this.decoded.push(call);
        return await this.decode(...call);
      },
      release: freeBytes,
      journal: {
        append: async ({ bodyHashes }) => {
          await this.append();
          this.stored.push(...bodyHashes.map((bodyHash) => `${signal} ${bodyHash}`));
        },
        hashBody: (body) => hash("sha256", body),
        hasAccepted: (bodyHash) => {
          this.#bodies += 1;
          this.#events.emit("body");
          return this.stored.includes(`${signal} ${bodyHash}`);
        },
      },
      window: { pastMs: 1000, futureMs: 10 },
      now: () => 50_000,
      counters: this.counters,
    });
  }

  async listen(): Promise<this> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** Resolves when so many bodies have been read to their end. */
  async bodiesRead(count: number): Promise<void> {
    while (this.#bodies < count) await once(this.#events, "body");
  }

  /** Resolves when a request has been refused for this reason. */
  async refused(reason: string): Promise<void> {
    await expect.poll(() => this.counters.value("refused_requests", reason)).toBe(1);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
    return await this.request("POST", "/v1/traces", body, headers);
  }

  async request(
    method: string,
    path: string,
    body: string | Uint8Array<ArrayBuffer> | null = null,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method,
      body,
      headers: { "content-type": "application/x-protobuf", ...headers },
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, bytes };
  }

  /** A connection that sends exactly this. */
  async connect(text: string): Promise<Socket> {
    const socket = connect(this.port, "127.0.0.1");
    await once(socket, "connect");
    socket.on("error", () => {});
    socket.write(text);
    return socket;
  }
}

const openGrant: Grant = {
  services: undefined,
  hasQuota: false,
  countBytes() {},
  takeRows() {},
  giveBackRows() {},
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

/** Head of a POST of protobuf, with these headers. */
export function head(...headers: readonly string[]): string {
  const all = ["Host: x", "Content-Type: application/x-protobuf", ...headers];
  return `POST /v1/traces HTTP/1.1\r\n${all.join("\r\n")}\r\n\r\n`;
}

/** All that a connection receives until the server closes it. */
export async function readToEnd(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += chunk;
  return text;
}

/** Reads until a whole answer without body, or the given text, has come. */
export async function readUntil(socket: Socket, expected: string): Promise<string> {
  let text = "";
  while (!text.includes(expected)) {
    const [chunk] = await once(socket, "data");
    text += String(chunk);
  }
  return text;
}
