import { Worker } from "node:worker_threads";
import { freeBytes } from "../free-bytes.ts";
import type { Signal } from "../signal.ts";
import { DecodeError, type DecodeErrorCode } from "./decode-error.ts";
import type { BodyEncoding, DecodeContext, DecodedBlock } from "./decoded-block.ts";
import { pooledBytesMin, SpareBuffers } from "./spare-buffers.ts";

export interface Decoder {
  /**
   * Decodes a body in a worker. The buffer that the body lies in is handed over, all of it: don't use it after. Rejects with DecodeError: the request's own fault, or DECODER_BUSY, DECODER_FAILED, DECODER_CLOSED.
   */
  decode(
    signal: Signal,
    body: Uint8Array<ArrayBuffer>,
    encoding: BodyEncoding,
    context: DecodeContext,
  ): Promise<DecodedBlock>;
  /** Takes over the memory of a block that nobody reads any more. */
  release(block: Uint8Array<ArrayBuffer>): void;
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

/** A body for the worker, whose memory is the worker's then. */
export interface DecodeJob {
  readonly signal: Signal;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly encoding: BodyEncoding;
  readonly context: DecodeContext;
}

/** Jobs that may share a block, and memory for it; without jobs, memory to keep or to free. */
export interface DecoderMessage {
  readonly jobs: readonly DecodeJob[];
  readonly spare: ArrayBuffer | undefined;
}

/** What comes back, one for each job, in order. DECODER_FAILED: it met a fault of ours, and the worker is to end. */
export type DecodeReply =
  | { readonly result: DecodedBlock }
  | {
      readonly error: {
        readonly code: DecodeErrorCode;
        readonly message: string;
        readonly cause?: unknown;
      };
    };

/**
 * What waits when a worker is free is decoded together, into one block: up to so many bodies, and so many bytes. More would
 * make the first of them wait for the last.
 */
const togetherMax = 16;
const togetherBytesMax = 3 * 2 ** 20;

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
    release: (block) => pool.release(block),
    queuedBytes: () => pool.queuedBytes,
    queueBytesMax,
    close: () => pool.close(),
  };
}

/** A job and whoever waits for it. */
interface Waiting {
  readonly job: DecodeJob;
  readonly bytes: number;
  readonly resolve: (block: DecodedBlock) => void;
  readonly reject: (error: DecodeError) => void;
}

/** A worker's place; the worker in it is started when there is work, and again after it failed. */
interface Seat {
  worker: Worker | null;
  current: readonly Waiting[];
}

/**
 *   decode() ─▶ queue (bounded in bytes) ─▶ seat ⇄ worker, what may share a block at a time ─▶ resolve
 */
class WorkerPool {
  queuedBytes = 0;
  readonly #queue: Waiting[] = [];
  /**
   * Here and not with the workers: V8 collects a thread's heap when its buffers come to some megabytes more than they once
   * were, and so blocks are the same megabytes whether they are being written or wait for the next.
   */
  readonly #spareBuffers = new SpareBuffers();
  readonly #seats: readonly Seat[];
  readonly #queueBytesMax: number;
  #isClosed = false;
  #whenIdle: (() => void) | null = null;

  constructor(workers: number, queueBytesMax: number) {
    this.#seats = Array.from({ length: workers }, () => ({ worker: null, current: [] }));
    this.#queueBytesMax = queueBytesMax;
  }

  decode(job: DecodeJob): Promise<DecodedBlock> {
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

  release(block: Uint8Array<ArrayBuffer>): void {
    const { buffer: spare } = block;
    const worker = this.#seats.find((seat) => seat.worker !== null)?.worker;
    if (!worker || spare.byteLength < pooledBytesMin) freeBytes(block);
    else if (this.#spareBuffers.hasRoom(spare)) this.#spareBuffers.add(spare);
    // To free it here would hold up whoever releases.
    else worker.postMessage({ jobs: [], spare } satisfies DecoderMessage, [spare]);
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
      while (seat.current.length === 0) {
        const next = this.#takeNext();
        if (next.length === 0) return;
        this.#handOver(seat, next);
      }
    }
  }

  /** The oldest, with those right behind it that may share its block. */
  #takeNext(): Waiting[] {
    const [first] = this.#queue;
    let bytes = 0;
    const end = this.#queue.findIndex((waiting, i) => {
      bytes += waiting.bytes;
      const isOver = i === togetherMax || bytes > togetherBytesMax;
      return i > 0 && (isOver || !mayShare(first!, waiting));
    });
    return this.#queue.splice(0, end === -1 ? this.#queue.length : end);
  }

  #handOver(seat: Seat, next: readonly Waiting[]): void {
    seat.current = next;
    try {
      seat.worker ??= this.#startWorker(seat);
      const jobs = next.map(({ job }) => job);
      const spare = this.#spareBuffers.takeLargest();
      const buffers = [...jobs.map(({ body }) => body.buffer), ...(spare ? [spare] : [])];
      seat.worker.postMessage({ jobs, spare } satisfies DecoderMessage, buffers);
    } catch (error) {
      // A body's memory was already handed to someone else.
      this.#reject(seat, "the request could not be handed to a worker", error);
    }
  }

  #startWorker(seat: Seat): Worker {
    // Named as this file is: `.ts` from source, `.js` in the build.
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
    const worker = new Worker(new URL(`./decode-worker${extension}`, import.meta.url), {
      resourceLimits,
    });
    worker.on("message", (replies: DecodeReply[]) => this.#settle(seat, replies));
    worker.on("error", (error) => this.#fail(seat, worker, error));
    worker.on("exit", (code) => this.#fail(seat, worker, `exit code ${code}`));
    return worker;
  }

  #settle(seat: Seat, replies: readonly DecodeReply[]): void {
    if (replies.some(isFault)) {
      void seat.worker?.terminate();
      seat.worker = null;
    }
    for (const [i, { resolve, reject }] of this.#take(seat).entries()) {
      const reply = replies[i]!;
      if ("result" in reply) resolve(reply.result);
      else reject(new DecodeError(reply.error.code, reply.error.message, reply.error.cause));
    }
    this.#assign();
    this.#noteIdle();
  }

  /** A worker that ends emits `error`, then `exit`; only the first of them finds it in its seat. */
  #fail(seat: Seat, worker: Worker, cause: unknown): void {
    if (seat.worker !== worker) return;
    seat.worker = null;
    this.#reject(seat, "the worker that decoded the request ended", cause);
    this.#assign();
    this.#noteIdle();
  }

  #reject(seat: Seat, message: string, cause: unknown): void {
    for (const { reject } of this.#take(seat)) {
      reject(new DecodeError("DECODER_FAILED", message, cause));
    }
  }

  #take(seat: Seat): readonly Waiting[] {
    const taken = seat.current;
    seat.current = [];
    for (const { bytes } of taken) this.queuedBytes -= bytes;
    return taken;
  }

  #isWorking(): boolean {
    return this.#queue.length > 0 || this.#seats.some((seat) => seat.current.length > 0);
  }

  #noteIdle(): void {
    if (!this.#isWorking()) this.#whenIdle?.();
  }
}

function isFault(reply: DecodeReply): boolean {
  return "error" in reply && reply.error.code === "DECODER_FAILED";
}

function mayShare(one: Waiting, other: Waiting): boolean {
  return one.job.signal === other.job.signal && isShareable(one) && isShareable(other);
}

/** Only protobuf is read as it came. A body without memory, which has gone elsewhere, must not keep others from the worker. */
function isShareable({ job: { body, encoding, context } }: Waiting): boolean {
  return encoding === "protobuf" && context.isAlone !== true && body.byteLength > 0;
}
