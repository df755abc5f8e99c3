import { bufferBytes } from "./span-chunk.ts";

/** A word for whether it is taken; eight bytes, so that words are copied and not bytes. */
const headBytes = 8;

/**
 * Memory of both threads: the application's copies a chunk into it, the agent's reads it there and frees it by a word.
 *
 * A buffer that is handed over by `postMessage` needs no copy, but is detached from then on. With the first one V8 discards
 * all optimised code of the thread that reads any typed array, the application's and Node's own included, and whatever it
 * compiles afterwards asks at each access whether the memory is still there. That is not the agent's to bring about.
 */
export class ChunkSlot {
  readonly #bytes: Uint8Array<SharedArrayBuffer>;
  readonly #taken: Int32Array<SharedArrayBuffer>;

  constructor() {
    const memory = new SharedArrayBuffer(headBytes + bufferBytes);
    this.#bytes = new Uint8Array(memory, headBytes);
    this.#taken = takenOf(this.#bytes);
  }

  get isFree(): boolean {
    return Atomics.load(this.#taken, 0) === 0;
  }

  /** A copy of them, which is to be given back with `freeSlotOf`. */
  fill(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
    Atomics.store(this.#taken, 0, 1);
    this.#bytes.set(bytes);
    return this.#bytes.subarray(0, bytes.length);
  }

  free(): void {
    Atomics.store(this.#taken, 0, 0);
  }
}

/** What was given to whoever calls this is read, and may be written over. */
export function freeSlotOf({ buffer }: Uint8Array): void {
  Atomics.store(takenOf({ buffer }), 0, 0);
}

function takenOf<Memory extends ArrayBufferLike>({ buffer }: { readonly buffer: Memory }) {
  return new Int32Array(buffer, 0, 1);
}
