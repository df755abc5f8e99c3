import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Takes what an agent sends, whoever made it, and counts the bytes of bodies as they came. */
export interface Sink {
  readonly port: number;
  bytes(): number;
  stop(): void;
}

export async function startSink(): Promise<Sink> {
  let bytes = 0;
  const server = createServer((request, response) => {
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on("end", () => {
      response.setHeader("content-type", "application/json");
      response.statusCode = statusOf(request);
      response.end(answerTo(request));
    });
  });
  const port = await listen(server);
  return { port, bytes: () => bytes, stop: () => server.close() };
}

/** The service that the application calls. */
export async function startUpstream(): Promise<Sink> {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end('{"price":42,"currency":"EUR"}');
  });
  server.keepAliveTimeout = 60_000;
  const port = await listen(server);
  return { port, bytes: () => 0, stop: () => server.close() };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  // The bench ends when it has its figures.
  server.unref();
  return (server.address() as AddressInfo).port;
}

/** APM Server accepts events with 202. */
function statusOf({ url = "" }: IncomingMessage): number {
  if (url.startsWith("/config")) return 404;
  return url.startsWith("/intake") ? 202 : 200;
}

/** What the agents ask for before they send. */
function answerTo({ url = "" }: IncomingMessage): string {
  if (url === "/info") return '{"version":"7.60.0","endpoints":["/v0.4/traces"],"config":{}}';
  if (url.startsWith("/v0.")) return '{"rate_by_service":{"service:,env:":1}}';
  if (url === "/") return '{"version":"8.15.0","publish_ready":true}';
  // OTLP over protobuf: an empty message.
  return url.startsWith("/v1/") ? "" : "{}";
}
