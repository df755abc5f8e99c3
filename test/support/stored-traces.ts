import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultDecodeLimits } from "../../collector/decode/decode-limits.ts";
import { decodeOtlp } from "../../collector/decode/decode-otlp.ts";
import type { DecodeContext, OtlpEncoding } from "../../collector/decode/decoded-block.ts";
import type { Signal } from "../../collector/signal.ts";
import type { BlockTable } from "../../storage/block-tables.ts";
import {
  type EmbeddedStore,
  openEmbeddedStore,
} from "../../storage/embedded/open-embedded-store.ts";
import { type OtlpSpan, toOtlpJson } from "./otlp-body.ts";

export interface TestStore {
  readonly store: EmbeddedStore;
  /** Inserts spans as the collector does it: OTLP, decoder, file. */
  insert(
    spans: readonly OtlpSpan[],
    options?: { readonly service?: string; readonly version?: string },
  ): Promise<void>;
  /** Inserts a request of any signal; times around now are accepted unless `context` says others. */
  insertOtlp(
    signal: Signal,
    body: Uint8Array,
    encoding: OtlpEncoding,
    context?: Partial<DecodeContext>,
  ): Promise<void>;
  close(): Promise<void>;
}

const tables = {
  traces: "spans",
  metrics: "metric_points",
  logs: "logs",
} as const satisfies Record<Signal, BlockTable>;

/** A store in a folder of its own. */
export async function openTestStore(): Promise<TestStore> {
  const folder = mkdtempSync(join(tmpdir(), "culprit-traces-"));
  const store = await openEmbeddedStore({ folder: join(folder, "clickhouse") });
  const insertOtlp: TestStore["insertOtlp"] = async (signal, body, encoding, context = {}) => {
    const nowMs = Date.now();
    const { block } = decodeOtlp(signal, body, encoding, {
      receivedMs: nowMs,
      acceptFromMs: nowMs - 86_400_000,
      acceptToMs: nowMs + 86_400_000,
      limits: defaultDecodeLimits,
      ...context,
    });
    const token = randomBytes(8).toString("hex");
    const file = join(folder, `${token}.native`);
    writeFileSync(file, block);
    await store.insertBlocks(tables[signal], file, token);
    rmSync(file);
  };
  return {
    store,
    insertOtlp,
    insert: (spans, { service = "shop", version = "1.0.0" } = {}) => {
      const body = toOtlpJson(spans, service, { "service.version": version });
      return insertOtlp("traces", Buffer.from(body), "json");
    },
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function newSpanId(): string {
  return randomBytes(8).toString("hex");
}

export interface LoopOptions {
  readonly route?: string;
  /** Queries in the loop; 0: a request without the fault. */
  readonly queries?: number;
  readonly startMs?: number;
  readonly traceId?: string;
  /** Of the endpoint's span; 2 is a server, 5 a consumer. */
  readonly kind?: number;
}

const queryMs = 4;

/** A request that loads its rows with a query each, one after the other; the third query on says where it is made. */
export function loopTrace({
  route = "/orders",
  queries = 20,
  startMs = Date.now() - 60_000,
  traceId = randomBytes(16).toString("hex"),
  kind = 2,
}: LoopOptions = {}): OtlpSpan[] {
  const endpoint: OtlpSpan = {
    traceId,
    spanId: newSpanId(),
    name: kind === 2 ? `GET ${route}` : `${route} process`,
    kind,
    startMs,
    durationMs: 10 + queries * queryMs,
    attributes: kind === 2 ? { "http.request.method": "GET", "http.route": route } : {},
  };
  const calls = Array.from({ length: queries }, (_, i) => ({
    traceId,
    spanId: newSpanId(),
    parentSpanId: endpoint.spanId,
    name: "SELECT products",
    kind: 3,
    startMs: startMs + 5 + i * queryMs,
    durationMs: queryMs,
    attributes: {
      "db.system.name": "postgresql",
      "db.namespace": "shop",
      "db.query.text": "SELECT name, price FROM products WHERE id = $1",
      "db.query.summary": "SELECT products",
      "culprit.params_hash": newSpanId(),
      ...(i >= 2 && {
        "code.file.path": "src/orders.ts",
        "code.line.number": 88,
        "code.function.name": "listOrders",
      }),
    },
  }));
  return [endpoint, ...calls];
}
