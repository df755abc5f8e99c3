import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

type AttributeValue = string | number | boolean | undefined;

export interface ReceivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** "" for a root. */
  readonly parentSpanId: string;
  /** OTLP's number: 2 server, 3 client. */
  readonly kind: number;
  /** Whether its status is an error. */
  readonly isError: boolean;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly resource: Readonly<Record<string, AttributeValue>>;
}

/** A collector that keeps what it is sent as OTLP/HTTP JSON. */
export interface OtlpSink {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** Metrics as they came, decompressed. */
  readonly metricBodies: readonly Buffer[];
  /** Every request for spans as it came, decompressed. */
  readonly bodies: readonly string[];
  /** Settles when spans that satisfy it have arrived; throws with all spans at the deadline. */
  waitFor(isEnough: (spans: readonly ReceivedSpan[]) => boolean, deadlineMs: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startOtlpSink(): Promise<OtlpSink> {
  const spans: ReceivedSpan[] = [];
  const bodies: string[] = [];
  const metricBodies: Buffer[] = [];
  const server = createServer(async (request, response) => {
    const body = await readBody(request);
    if (request.url === "/v1/metrics") metricBodies.push(body);
    else {
      bodies.push(body.toString("utf8"));
      spans.push(...toSpans(JSON.parse(body.toString("utf8"))));
    }
    response.end("{}");
    server.emit("spans");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    metricBodies,
    bodies,
    async waitFor(isEnough, deadlineMs) {
      const signal = AbortSignal.timeout(deadlineMs);
      while (!isEnough(spans)) {
        await once(server, "spans", { signal }).catch((cause) => {
          throw new Error(`not enough after ${deadlineMs} ms: ${JSON.stringify(spans)}`, { cause });
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
  const isGzip = request.headers["content-encoding"] === "gzip";
  return isGzip ? gunzipSync(bytes) : bytes;
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, AttributeValue>>;
}

interface Payload {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly kind: number;
        readonly status?: { readonly code?: number };
        readonly attributes: readonly KeyValue[];
      }[];
    }[];
  }[];
}

function toSpans({ resourceSpans }: Payload): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans
      .flatMap(({ spans }) => spans)
      .map(({ name, traceId, spanId, parentSpanId = "", kind, status, attributes }) => ({
        name,
        traceId,
        spanId,
        parentSpanId,
        kind,
        isError: status?.code === 2,
        attributes: toRecord(attributes),
        resource: toRecord(resource.attributes),
      })),
  );
}

function toRecord(attributes: readonly KeyValue[]): Record<string, AttributeValue> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
