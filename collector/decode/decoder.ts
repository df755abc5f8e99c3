import { Worker } from "node:worker_threads";
import type { Signal } from "../signal.ts";
import { DecodeError, type DecodeErrorCode } from "./decode-error.ts";
import type { BodyEncoding, DecodeContext, DecodedBlock } from "./decoded-block.ts";

export interface Decoder {
  /**
   * Decodes a body in a worker. The body's memory is handed over where it is a buffer's whole: don't use it after.
   * Rejects with DecodeError: the request's own fault, or DECODER_BUSY, DECODER_FAILED, DECODER_CLOSED.
   */
  decode(
    signal: Signal,
    body: Uint8Array,
    encoding: BodyEncoding,
    context: DecodeContext,
  ): Promise<DecodedBlock>;
  /** Bytes of the bodies that wait or are being decoded. */
  queuedBytes(): number;
  /** How many they may be. */
  readonly queueBytesMax: number;
  /** Refuses what comes, finishes what was taken, ends the workers. */
  close(): Promise<void>;
}

export interface DecoderOptions {
  readonly workers?: number;
  /** Bodies that may wait or be in work; a body on its own is taken whatever its size. */
  readonly queueBytesMax?: number;
}

/** What goes to the worker; the body's memory is the worker's then. */
export interface DecodeJob<Body extends Uint8Array = Uint8Array<ArrayBuffer>> {
  readonly signal: Signal;
  readonly body: Body;
  readonly encoding: BodyEncoding;
  readonly context: DecodeContext;
}

/** What comes back. */
export type DecodeReply =
  | { readonly result: DecodedBlock }
  | { readonly error: { readonly code: DecodeErrorCode; readonly message: string } };

/**
 * Little of what a request makes outlives it, so that more room would only be more memory. The old generation is what the
 * largest JSON takes; without a limit V8 lets garbage grow to more than what is in use before it collects.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 24, maxOldGenerationSizeMb: 1_536 };

export function createDecoder({
  workers = 1,
  queueBytesMax = 128 * 1024 * 1024,
}: DecoderOptions = {}): Decoder {
  const pool = new WorkerPool(workers, queueBytesMax);
  return {
    decode: (signal, body, encoding, context) => pool.decode({ signal, body, encoding, context }),
    queuedBytes: () => pool.queuedBytes,
    queueBytesMax,
    close: () => pool.close(),
  };
}

/** A job and whoever waits for it. */
interface Waiting {
  readonly job: DecodeJob<Uint8Array>;
  readonly bytes: number;
  readonly resolve: (block: DecodedBlock) => void;
  readonly reject: (error: DecodeError) => void;
}

/** A worker's place; the worker in it is started when there is work, and again after it failed. */
interface Seat {
  worker: Worker | null;
  current: Waiting | null;
}

/**
 *   decode() ─▶ queue (bounded in bytes) ─▶ seat ⇄ worker, one job at a time ─▶ resolve
 *
 * One job at a time, so that a body that ends its worker takes no other down with it.
 */
class WorkerPool {
  queuedBytes = 0;
  readonly #queue: Waiting[] = [];
  readonly #seats: readonly Seat[];
  readonly #queueBytesMax: number;
  #isClosed = false;
  #whenIdle: (() => void) | null = null;

  constructor(workers: number, queueBytesMax: number) {
    this.#seats = Array.from({ length: workers }, () => ({ worker: null, current: null }));
    this.#queueBytesMax = queueBytesMax;
  }

  decode(job: DecodeJob<Uint8Array>): Promise<DecodedBlock> {
    const bytes = job.body.byteLength;
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new DecodeError("DECODER_CLOSED", "the decoder is closed"));
      } else if (this.queuedBytes > 0 && this.queuedBytes + bytes > this.#queueBytesMax) {
        const message = `${this.queuedBytes} bytes of requests are waiting to be decoded`;
        reject(new DecodeError("DECODER_BUSY", message));
      } else {
        this.queuedBytes += bytes;
        this.#queue.push({ job, bytes, resolve, reject });
        this.#assign();
      }
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#isWorking()) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    await Promise.all(this.#seats.map((seat) => seat.worker?.terminate()));
  }

  #assign(): void {
    for (const seat of this.#seats) {
      while (seat.current === null) {
        const next = this.#queue.shift();
        if (next === undefined) return;
        this.#handOver(seat, next);
      }
    }
  }

  #handOver(seat: Seat, next: Waiting): void {
    seat.current = next;
    try {
      seat.worker ??= this.#startWorker(seat);
      seat.worker.postMessage(...toMessage(next.job));
    } catch (error) {
      // The body's memory was already handed to someone else.
      const message = "the request could not be handed to a worker";
      this.#take(seat)?.reject(new DecodeError("DECODER_FAILED", message, error));
    }
  }

  #startWorker(seat: Seat): Worker {
    // Named as this file is: `.ts` from source, `.js` in the build.
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
    const worker = new Worker(new URL(`./decode-worker${extension}`, import.meta.url), {
      resourceLimits,
    });
    worker.on("message", (reply: DecodeReply) => this.#settle(seat, reply));
    worker.on("error", (error) => this.#fail(seat, worker, error));
    worker.on("exit", (code) => this.#fail(seat, worker, `exit code ${code}`));
    return worker;
  }

  #settle(seat: Seat, reply: DecodeReply): void {
    const waiting = this.#take(seat);
    if ("result" in reply) waiting?.resolve(reply.result);
    else waiting?.reject(new DecodeError(reply.error.code, reply.error.message));
    this.#assign();
    this.#noteIdle();
  }

  /** A worker that ends emits `error`, then `exit`; only the first of them finds it in its seat. */
  #fail(seat: Seat, worker: Worker, cause: unknown): void {
    if (seat.worker !== worker) return;
    seat.worker = null;
    const message = "the worker that decoded the request ended";
    this.#take(seat)?.reject(new DecodeError("DECODER_FAILED", message, cause));
    this.#assign();
    this.#noteIdle();
  }

  #take(seat: Seat): Waiting | null {
    const waiting = seat.current;
    seat.current = null;
    this.queuedBytes -= waiting?.bytes ?? 0;
    return waiting;
  }

  #isWorking(): boolean {
    return this.#queue.length > 0 || this.#seats.some((seat) => seat.current !== null);
  }

  #noteIdle(): void {
    if (!this.#isWorking()) this.#whenIdle?.();
  }
}

/** A view of a larger buffer is copied: the buffer's other views are not ours to take away. */
function toMessage(job: DecodeJob<Uint8Array>): [DecodeJob, ArrayBuffer[]] {
  const { buffer, byteLength } = job.body;
  const isWhole = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
  const body = isWhole ? new Uint8Array(buffer) : new Uint8Array(job.body);
  return [{ ...job, body }, [body.buffer]];
}
