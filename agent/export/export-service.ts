import type { DropReason } from "../diagnostics.ts";
import type { SourceMaps } from "../source-maps/source-maps.ts";
import { freeSlotOf } from "./chunk-slot.ts";
import {
  type BodyEncoder,
  type ContentEncoding,
  createBodyEncoder,
  zstdToGzip,
} from "./content-encoding.ts";
import { encodeResource } from "./encode-resource.ts";
import { type Batch, OtlpSender } from "./otlp-sender.ts";
import { PlaceResolver } from "./place-resolver.ts";
import type { OtlpTarget } from "./post-otlp.ts";
import type { ResourceSettings } from "./resource-attributes.ts";
import { bufferBytes, type SpanChunk, toRequestParts } from "./span-chunk.ts";

/** What the agent's thread is told of sending when it starts. */
export interface ExportSettings {
  readonly queueBytesMax: number;
  /** One number: spans that the thread was given and has neither sent nor dropped. Shared, so that it outlives a thread. */
  readonly held: Int32Array<SharedArrayBuffer>;
  readonly resource: ResourceSettings;
  /** `OTEL_EXPORTER_OTLP_*`. */
  readonly environment: Readonly<Record<string, string>>;
}

export type ExportRequest =
  | { readonly kind: "spans"; readonly chunks: readonly SpanChunk[] }
  | { readonly kind: "flush"; readonly id: number };

export type ExportReport =
  /** Something came from elsewhere that is to be sent before the process ends. */
  | { readonly kind: "holding" }
  | { readonly kind: "warning"; readonly message: string }
  | { readonly kind: "dropped"; readonly reason: DropReason; readonly spans: number }
  | { readonly kind: "flushed"; readonly id: number; readonly isEmpty: boolean };

/** Sends a report to the application's thread. */
type Report = (report: ExportReport) => void;

/** A request costs the thread more than compressing twelve chunks does, for its code is cold each time: so many go together. */
const chunksMax = 12;
/** After a full chunk the next one is near; so long it is waited for. */
const waitMs = 1_000;
const bodyBytes = chunksMax * (bufferBytes + 4_096);
const scratchBytes = 32 * 1024;

/**
 * What the agent's thread sends: compresses chunks, so that the queue is small, and makes requests of them.
 *
 *   chunk ─ compressed behind the last ones ─▶ twelve, or one that was not full, or a second: a body ─▶ OtlpSender
 *             └ its slot is free again
 *
 * Compression is synchronous: the thread has nothing else to do, and the pool of threads is the application's.
 */
export class ExportService {
  readonly #sender: OtlpSender;
  readonly #report: Report;
  readonly #held: ExportSettings["held"];
  #encoding: ContentEncoding;
  readonly #resource: Uint8Array;
  readonly #places: PlaceResolver;
  #encoder: BodyEncoder;
  /** Short parts are put together: a compressor is dear to call. */
  readonly #scratch = Buffer.allocUnsafeSlow(scratchBytes);
  /** Of what `#encoder` was given. */
  #length = 0;
  #spans = 0;
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(
    target: OtlpTarget,
    settings: ExportSettings,
    { report, maps }: { readonly report: Report; readonly maps: SourceMaps },
  ) {
    this.#encoding = toEncoding(settings.environment);
    this.#encoder = createBodyEncoder(this.#encoding);
    this.#resource = encodeResource(settings.resource);
    this.#report = report;
    this.#held = settings.held;
    this.#places = new PlaceResolver(maps);
    this.#sender = new OtlpSender(
      { ...target, compression: "none" },
      {
        queueBytesMax: settings.queueBytesMax,
        onSent: (spans) => this.#release(spans),
        onDrop: (reason, spans) => {
          this.#release(spans);
          report({ kind: "dropped", reason, spans });
        },
        onWarning: (message) => report({ kind: "warning", message }),
        recode: (batch) => this.#recode(batch),
      },
    );
  }

  handle(request: ExportRequest): void {
    if (request.kind === "flush") {
      void this.#flush(request.id);
      return;
    }
    for (const chunk of request.chunks) {
      this.#send(chunk, chunk.isFilled);
      freeSlotOf(chunk.bytes);
    }
  }

  /** A chunk of a worker thread, in memory of its own. */
  take(chunk: SpanChunk): void {
    Atomics.add(this.#held, 0, chunk.spans);
    // Its thread may be about to end: it waits for nothing.
    this.#send(chunk, false);
    this.#report({ kind: "holding" });
  }

  #release(spans: number): void {
    Atomics.sub(this.#held, 0, spans);
  }

  /** Then the chunk's bytes are done with. */
  #send(chunk: SpanChunk, mayWait: boolean): void {
    this.#join(toRequestParts(this.#places.resolve(chunk), this.#resource));
    this.#spans += chunk.spans;
    if (mayWait && this.#length + bufferBytes <= bodyBytes) {
      this.#timer ??= setTimeout(() => this.#pack(), waitMs);
    } else this.#pack();
  }

  /** What is joined becomes a request. */
  #pack(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#spans === 0) return;
    const { encoding } = this.#encoder;
    const body = this.#encoder.end();
    if (encoding !== this.#encoding) this.#encoder = createBodyEncoder(this.#encoding);
    const spans = this.#spans;
    this.#length = 0;
    this.#spans = 0;
    this.#sender.enqueue({ body, spans, encoding });
  }

  /** A collector that refuses a request may only not know zstd: from then on it is gzip, which each must know. */
  #recode(batch: Batch): Batch | undefined {
    if (batch.encoding !== "zstd") return undefined;
    this.#encoding = "gzip";
    return { body: zstdToGzip(batch.body), spans: batch.spans, encoding: "gzip" };
  }

  /** Requests behind each other are one request. */
  #join(parts: readonly Uint8Array[]): void {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (this.#length + length > bodyBytes) this.#pack();
    this.#length += length;
    let gathered = 0;
    for (const part of parts) {
      if (gathered + part.length > scratchBytes) {
        this.#encoder.add(this.#scratch.subarray(0, gathered));
        gathered = 0;
      }
      if (part.length > scratchBytes) this.#encoder.add(part);
      else {
        this.#scratch.set(part, gathered);
        gathered += part.length;
      }
    }
    this.#encoder.add(this.#scratch.subarray(0, gathered));
  }

  async #flush(id: number): Promise<void> {
    this.#pack();
    this.#report({ kind: "flushed", id, isEmpty: await this.#sender.flush() });
  }
}

/** Unless the environment names one: zstd takes a third of gzip's time, and makes less of it. */
function toEncoding(environment: ExportSettings["environment"]): ContentEncoding {
  const asked =
    environment.OTEL_EXPORTER_OTLP_TRACES_COMPRESSION ?? environment.OTEL_EXPORTER_OTLP_COMPRESSION;
  if (asked === undefined) return "zstd";
  const name = asked.trim();
  return name === "gzip" || name === "zstd" ? name : undefined;
}
