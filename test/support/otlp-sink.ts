import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { type DecodedLog, type DecodedSpan, decodeOtlp, decodeOtlpLogs } from "./decode-otlp.ts";
import { patienceMs } from "./until.ts";

/** A collector that keeps what it is sent as OTLP/HTTP protobuf. */
export interface OtlpSink {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  readonly spans: readonly DecodedSpan[];
  readonly logs: readonly DecodedLog[];
  /** Metrics as they came, decompressed. */
  readonly metricBodies: readonly Buffer[];
  /** Every request for spans as it came, decompressed. */
  readonly bodies: readonly string[];
  /** Settles when spans that satisfy it have arrived; throws with all spans when they don't in `patienceMs`. */
  waitFor(isEnough: (spans: readonly DecodedSpan[]) => boolean): Promise<void>;
  stop(): Promise<void>;
}

export async function startOtlpSink(): Promise<OtlpSink> {
  const spans: DecodedSpan[] = [];
  const logs: DecodedLog[] = [];
  const bodies: string[] = [];
  const metricBodies: Buffer[] = [];
  const server = createServer(async (request, response) => {
    const body = await readBody(request);
    if (request.url === "/v1/metrics") metricBodies.push(body);
    else if (request.url === "/v1/logs") logs.push(...decodeOtlpLogs(body));
    else {
      bodies.push(body.toString("latin1"));
      spans.push(...decodeOtlp(body));
    }
    response.end();
    server.emit("spans");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    logs,
    metricBodies,
    bodies,
    async waitFor(isEnough) {
      const signal = AbortSignal.timeout(patienceMs);
      while (!isEnough(spans)) {
        await once(server, "spans", { signal }).catch((cause) => {
          throw new Error(`not enough after ${patienceMs} ms: ${JSON.stringify(spans)}`, { cause });
        });
      }
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const bytes = await buffer(request);
  const encoding = request.headers["content-encoding"];
  if (encoding === "zstd") return zstdDecompressSync(bytes);
  return encoding === "gzip" ? gunzipSync(bytes) : bytes;
}
