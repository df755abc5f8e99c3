import { gzipSync } from "node:zlib";
import type { DropReason } from "../diagnostics.ts";
import type { SourceMaps } from "../source-maps/source-maps.ts";
import { encodeResource } from "./encode-resource.ts";
import { OtlpSender } from "./otlp-sender.ts";
import { PlaceResolver } from "./place-resolver.ts";
import type { OtlpTarget } from "./post-otlp.ts";
import type { ResourceSettings } from "./resource-attributes.ts";
import { type SpanChunk, toRequestParts } from "./span-chunk.ts";

/** What the agent's thread is told of sending when it starts. */
export interface ExportSettings {
  readonly queueBytesMax: number;
  readonly resource: ResourceSettings;
  /** `OTEL_EXPORTER_OTLP_*`. */
  readonly environment: Readonly<Record<string, string>>;
}

export type ExportRequest =
  | { readonly kind: "spans"; readonly chunk: SpanChunk }
  | { readonly kind: "flush"; readonly id: number };

export type ExportReport =
  | { readonly kind: "empty"; readonly bytes: ArrayBuffer }
  /** Something came from elsewhere that is to be sent before the process ends. */
  | { readonly kind: "holding" }
  | { readonly kind: "warning"; readonly message: string }
  | { readonly kind: "dropped"; readonly reason: DropReason; readonly spans: number }
  | { readonly kind: "flushed"; readonly id: number; readonly isEmpty: boolean };

/** Sends a report to the application's thread; `transfer` is what it gives away with it. */
type Report = (report: ExportReport, transfer?: readonly ArrayBuffer[]) => void;

/**
 * What the agent's thread sends: makes requests of chunks, compresses them at once, so that the queue is small, and sends
 * them. Compression is synchronous: the thread has nothing else to do, and the pool of threads is the application's.
 */
export class ExportService {
  readonly #sender: OtlpSender;
  readonly #report: Report;
  readonly #isGzip: boolean;
  readonly #resource: Uint8Array;
  readonly #places: PlaceResolver;
  /** One body at a time is put together here: what is allocated for each stays until the next collection of garbage. */
  #scratch = Buffer.alloc(0);

  constructor(
    target: OtlpTarget,
    settings: ExportSettings,
    { report, maps }: { readonly report: Report; readonly maps: SourceMaps },
  ) {
    this.#isGzip = target.compression === "gzip";
    this.#resource = encodeResource(settings.resource);
    this.#report = report;
    this.#places = new PlaceResolver(maps);
    this.#sender = new OtlpSender(this.#isGzip ? toPrecompressed(target) : target, {
      queueBytesMax: settings.queueBytesMax,
      onDrop: (reason, spans) => report({ kind: "dropped", reason, spans }),
      onWarning: (message) => report({ kind: "warning", message }),
    });
  }

  handle(request: ExportRequest): void {
    if (request.kind === "flush") void this.#flush(request.id);
    else this.#send(request.chunk, { kind: "empty", bytes: request.chunk.bytes });
  }

  /** A chunk of a worker thread, that wants no buffer back. */
  take(chunk: SpanChunk): void {
    this.#send(chunk, { kind: "holding" });
  }

  /** `report` is made as soon as the chunk's buffer is done with. */
  #send(chunk: SpanChunk, report: ExportReport): void {
    const body = this.#join(toRequestParts(this.#places.resolve(chunk), this.#resource));
    this.#report(report, report.kind === "empty" ? [report.bytes] : []);
    // Level 1 takes a third of the time of level 6, and the body grows by a seventh.
    this.#sender.enqueue({
      body: this.#isGzip ? gzipSync(body, { level: 1 }) : Buffer.from(body),
      spans: chunk.spans,
    });
  }

  /** Good until the next call. */
  #join(parts: readonly Uint8Array[]): Buffer {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length > this.#scratch.length) this.#scratch = Buffer.allocUnsafeSlow(length * 2);
    let at = 0;
    for (const part of parts) {
      this.#scratch.set(part, at);
      at += part.length;
    }
    return this.#scratch.subarray(0, length);
  }

  async #flush(id: number): Promise<void> {
    this.#report({ kind: "flushed", id, isEmpty: await this.#sender.flush() });
  }
}

function toPrecompressed(target: OtlpTarget): OtlpTarget {
  return {
    ...target,
    compression: "none",
    headers: async () => ({ ...(await target.headers()), "Content-Encoding": "gzip" }),
  };
}
