import { type Agent, type IncomingMessage, request as requestHttp } from "node:http";
import type { Socket } from "node:net";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { context, createContextKey, ROOT_CONTEXT } from "@opentelemetry/api";
import type { ContentEncoding } from "./content-encoding.ts";

/** Where and how to send; the parts of OpenTelemetry's own configuration that are used. */
export interface OtlpTarget {
  readonly url: string;
  readonly timeoutMillis: number;
  readonly compression: "gzip" | "none";
  readonly headers: () => Promise<Record<string, string>>;
  readonly agentFactory: (protocol: string) => Agent | Promise<Agent>;
}

/** `unavailable` may be tried again, `rejected` may not (OTLP specification, "Failures" and "OTLP/HTTP Throttling"). */
export type PostOutcome =
  | { readonly kind: "sent" }
  | { readonly kind: "rejected"; readonly reason: string }
  | {
      readonly kind: "unavailable";
      readonly reason: string;
      readonly retryAfterMs: number | undefined;
    };

/** Connecting holds the process even when its socket does not; so a collector that swallows packets is given up early. */
const connectTimeoutMs = 2_000;
/** Of Node's timers; a longer one would go off at once. */
const timeoutMsMax = 2 ** 31 - 1;
/** The bound of OpenTelemetry's specification; an answer that goes on beyond it is cut off, and its status counts. */
const answerBytesMax = 4 * 1024 * 1024;
// As `suppressTracing` of OpenTelemetry's core, which the agent's thread would load for this name alone.
const suppressKey = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
const retryableStatus = new Set([429, 502, 503, 504]);
const compress = promisify(gzip);
const agents = new WeakMap<OtlpTarget, Agent | Promise<Agent>>();

/** `encoding` is that of the body; undefined leaves compression to the target. Never rejects. Its sockets and timers keep no process alive. */
export async function postOtlp(
  target: OtlpTarget,
  body: Uint8Array,
  encoding?: ContentEncoding,
): Promise<PostOutcome> {
  try {
    const agent = agents.get(target) ?? target.agentFactory(new URL(target.url).protocol);
    agents.set(target, agent);
    const isCompressed = encoding === undefined && target.compression === "gzip";
    const bytes = isCompressed ? await compress(body) : body;
    const contentEncoding = isCompressed ? "gzip" : encoding;
    const headers = {
      ...(await target.headers()),
      "Content-Length": bytes.length,
      ...(contentEncoding === undefined ? {} : { "Content-Encoding": contentEncoding }),
    };
    return await send(target, { agent: await agent, headers, method: "POST" }, bytes);
  } catch (error) {
    return { kind: "unavailable", reason: toReason(error), retryAfterMs: undefined };
  }
}

interface RequestOptions {
  readonly agent: Agent;
  readonly headers: Record<string, string | number>;
  readonly method: string;
}

function send(target: OtlpTarget, options: RequestOptions, bytes: Uint8Array) {
  const { promise, resolve, reject } = Promise.withResolvers<PostOutcome>();
  const isTls = target.url.startsWith("https:");
  const request = isTls ? process.getBuiltinModule("node:https").request : requestHttp;
  const onResponse = (response: IncomingMessage) => {
    let bytes = 0;
    response
      .on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= answerBytesMax) return;
        resolve(toOutcome(response));
        response.destroy();
      })
      .once("end", () => resolve(toOutcome(response)))
      .once("error", reject);
  };
  // Sending spans must not make spans, nor belong to the request that happened to fill the batch.
  const sent = context.with(ROOT_CONTEXT.setValue(suppressKey, true), () =>
    request(target.url, options, onResponse)
      .once("socket", detach)
      .once("error", reject)
      .end(bytes),
  );
  // No signal that aborts it: each would wake the thread when its time is over, however soon the answer came.
  const giveUp = () => sent.destroy(new Error(`no answer after ${target.timeoutMillis} ms`));
  const timer = setTimeout(giveUp, Math.min(target.timeoutMillis, timeoutMsMax)).unref();
  return promise.finally(() => clearTimeout(timer));
}

function detach(socket: Socket): void {
  socket.unref();
  if (!socket.connecting) return;
  const giveUp = () => socket.destroy(new Error(`no connection after ${connectTimeoutMs} ms`));
  const timer = setTimeout(giveUp, connectTimeoutMs).unref();
  socket.once("connect", () => clearTimeout(timer)).once("close", () => clearTimeout(timer));
}

function toOutcome({ statusCode = 0, headers }: IncomingMessage): PostOutcome {
  if (statusCode >= 200 && statusCode < 300) return { kind: "sent" };
  const reason = `it answers with status ${statusCode}`;
  if (!retryableStatus.has(statusCode)) return { kind: "rejected", reason };
  const retryAfterS = Number(headers["retry-after"] ?? Number.NaN);
  const retryAfterMs = retryAfterS >= 0 ? retryAfterS * 1_000 : undefined;
  return { kind: "unavailable", reason, retryAfterMs };
}

/** An address with two IP versions fails with two errors at once, and an empty message. */
function toReason(error: unknown): string {
  const { code, message, cause } = error as { code?: string; message?: string; cause?: unknown };
  return cause === undefined ? message || code || "unknown error" : toReason(cause);
}
