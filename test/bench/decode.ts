import { defaultDecodeLimits } from "../../collector/decode/decode-limits.ts";
import { decodeOtlp } from "../../collector/decode/decode-otlp.ts";
import { encodeOtlp } from "../../collector/decode/testing/encode-otlp.ts";
import {
  attribute,
  type OtlpRequest,
  type OtlpSpan,
} from "../../collector/decode/testing/otlp-model.ts";

/**
 * Spans decoded per second of CPU, against the plain way: JSON.parse of the same spans as OTLP/JSON, and a walk that
 * makes a row of each. The plain way does less (no shapes, no ids checked, no limits) and leaves ClickHouse about ten
 * times the work, since it gets JSON. Fixed input; variants take turns, and the best round counts: noise only slows.
 */
const isQuick = process.argv.includes("--quick");
const rounds = isQuick ? 5 : 20;
const roundSeconds = isQuick ? 0.4 : 1;
const goals = { ratioToJsonWalk: 1.3 };

const timeMs = 1_800_000_000_000;
const context = {
  receivedMs: timeMs,
  acceptFromMs: timeMs - 1_000,
  acceptToMs: timeMs + 1_000_000,
  limits: defaultDecodeLimits,
};

interface Variant {
  readonly name: string;
  readonly spans: number;
  readonly bytes: number;
  readonly run: () => unknown;
}

function main(): void {
  const small = toRequest(512);
  const large = toRequest(8_192);
  const variants = [
    ...[small, large].map((request) => toProtobufVariant(request)),
    toJsonVariant(small),
    toWalkVariant(small),
  ];
  for (const variant of variants) measure(variant);
  const rates = variants.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++) {
    for (const [i, variant] of variants.entries()) rates[i]!.push(measure(variant));
  }
  report(variants, rates);
}

function toProtobufVariant(request: OtlpRequest): Variant {
  const body = encodeOtlp(request);
  return {
    name: `protobuf, ${countSpans(request)} spans`,
    spans: countSpans(request),
    bytes: body.length,
    run: () => decodeOtlp("traces", body, "protobuf", context),
  };
}

function toJsonVariant(request: OtlpRequest): Variant {
  const body = Buffer.from(JSON.stringify(request));
  return {
    name: `JSON, ${countSpans(request)} spans`,
    spans: countSpans(request),
    bytes: body.length,
    run: () => decodeOtlp("traces", body, "json", context),
  };
}

function toWalkVariant(request: OtlpRequest): Variant {
  const body = Buffer.from(JSON.stringify(request));
  return {
    name: `JSON.parse and a walk, ${countSpans(request)} spans`,
    spans: countSpans(request),
    bytes: body.length,
    run: () => walk(body),
  };
}

/** What a plain collector does: parse, make a row of each span, write the rows as JSON lines. */
function walk(body: Buffer): string {
  const request = JSON.parse(body.toString()) as OtlpRequest;
  const rows: string[] = [];
  for (const { resource, scopeSpans } of request.resourceSpans) {
    const resourceAttributes = toFields(resource?.attributes ?? []);
    for (const { scope, spans } of scopeSpans) {
      for (const { attributes, events, ...span } of spans) {
        const row = {
          ...span,
          ...resourceAttributes,
          ...toFields(attributes ?? []),
          scope,
          events,
        };
        rows.push(JSON.stringify(row));
      }
    }
  }
  return rows.join("\n");
}

function toFields(attributes: NonNullable<OtlpSpan["attributes"]>): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

/** Spans per second of this process's CPU. */
function measure({ spans, run }: Variant): number {
  const end = performance.now() + roundSeconds * 1_000;
  const before = process.cpuUsage();
  let runs = 0;
  while (performance.now() < end) {
    run();
    runs++;
  }
  const { user, system } = process.cpuUsage(before);
  return (runs * spans * 1e6) / (user + system);
}

function report(variants: readonly Variant[], rates: readonly number[][]): void {
  const best = rates.map((rounds) => Math.max(...rounds));
  for (const [i, { name, spans, bytes }] of variants.entries()) {
    const sorted = rates[i]!.toSorted((a, b) => a - b);
    const median = sorted[sorted.length >> 1]!;
    const noise = Math.round((1 - median / best[i]!) * 100);
    print(
      `${name.padEnd(36)} ${Math.round(best[i]!).toLocaleString("en").padStart(10)} spans/CPU-s ` +
        `${(bytes / spans).toFixed(0).padStart(5)} B/span   median ${noise} % below best`,
    );
  }
  const figures = {
    spansPerCpuSecond512: Math.round(best[0]!),
    spansPerCpuSecond8192: Math.round(best[1]!),
    jsonSpansPerCpuSecond: Math.round(best[2]!),
    ratioToJsonWalk: Number((best[0]! / best[3]!).toFixed(2)),
  };
  const pass = figures.ratioToJsonWalk >= goals.ratioToJsonWalk;
  print(JSON.stringify({ bench: "decode", pass, figures, goals }));
  if (!pass) process.exitCode = 1;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function countSpans(request: OtlpRequest): number {
  return request.resourceSpans.reduce(
    (sum, { scopeSpans }) => sum + scopeSpans.reduce((n, { spans }) => n + spans.length, 0),
    0,
  );
}

/** Server spans with four queries and an HTTP call each, as Node's instrumentations write them. */
function toRequest(count: number): OtlpRequest {
  const spans = Array.from({ length: count }, (_, i) => toSpan(i));
  const resource = [
    attribute("service.name", "shop"),
    attribute("service.version", "1.4.2"),
    attribute("deployment.environment.name", "production"),
    attribute("host.name", "node-7"),
    attribute("process.pid", 4_211),
  ];
  const scope = { name: "@culprit/agent", version: "0.1.0", attributes: [] };
  return {
    resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ scope, spans }] }],
  };
}

function toSpan(i: number): OtlpSpan {
  const start = BigInt(timeMs) * 1_000_000n + BigInt(i) * 1_234_567n;
  const trace = Math.floor(i / 6);
  const base = {
    traceId: trace.toString(16).padStart(31, "a").padEnd(32, "1"),
    spanId: (i + 1).toString(16).padStart(16, "b"),
    parentSpanId: i % 6 === 0 ? "" : (trace * 6 + 1).toString(16).padStart(16, "b"),
    startTimeUnixNano: `${start}`,
    endTimeUnixNano: `${start + 5_000_000n}`,
    flags: 257,
  };
  if (i % 6 === 0) return { ...base, kind: 2, name: "GET /orders/:id", attributes: toServer(i) };
  if (i % 6 === 5) return { ...base, kind: 3, name: "GET", attributes: toHttpClient(i) };
  return { ...base, kind: 3, name: "pg.query:SELECT shop", attributes: toQuery(i) };
}

function toServer(i: number) {
  return [
    attribute("http.request.method", "GET"),
    attribute("http.route", "/orders/:id"),
    attribute("http.response.status_code", 200),
    attribute("url.path", `/orders/${i}`),
    attribute("url.scheme", "https"),
    attribute("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
    attribute("client.address", "10.1.2.3"),
    attribute("network.protocol.version", "1.1"),
    attribute("user.id", `user-${i % 997}`),
  ];
}

function toQuery(i: number) {
  return [
    attribute("db.system.name", "postgresql"),
    attribute("db.namespace", "shop"),
    attribute(
      "db.query.text",
      `SELECT p.id, p.name, p.price FROM products p JOIN order_items i ON i.product_id = p.id WHERE i.order_id = $1 AND p.kind = 'k${i % 40}'`,
    ),
    attribute("server.address", "db.internal"),
    attribute("server.port", 5_432),
    attribute("db.response.returned_rows", i % 20),
    attribute("culprit.params_hash", (i * 7_919).toString(16).padStart(16, "0")),
  ];
}

function toHttpClient(i: number) {
  return [
    attribute("http.request.method", "GET"),
    attribute("url.full", `https://stock.internal/v1/items/${i}?warehouse=${i % 9}`),
    attribute("server.address", "stock.internal"),
    attribute("http.response.status_code", 200),
  ];
}

main();
