/** Below this a block is no work for the allocator. */
export const pooledBytesMin = 64 * 1024;
/** Steps of the size of a buffer, so that the next block fits into it as well. */
const stepsPerDoubling = 4;

/**
 * Memory of blocks that were written, for those to come. To free a block of megabytes and ask for the next one would have the
 * system take its pages away and hand out others, zeroed, some hundred times a second.
 */
export class SpareBuffers {
  /** Oldest first. */
  readonly #buffers: ArrayBuffer[] = [];
  readonly #bytesMax: number;
  #bytes = 0;

  /** `bytesMax`: what is kept; more is freed, the oldest first. */
  constructor({ bytesMax = 8 * 1024 * 1024 } = {}) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** So many bytes, whatever they hold; their buffer may be longer. */
  take(length: number): Uint8Array<ArrayBuffer> {
    if (length < pooledBytesMin) return new Uint8Array(length);
    const at = this.#buffers.findLastIndex(({ byteLength }) => byteLength >= length);
    const [spare] = at === -1 ? [] : this.#buffers.splice(at, 1);
    this.#bytes -= spare?.byteLength ?? 0;
    return new Uint8Array(spare ?? new ArrayBuffer(roundUp(length)), 0, length);
  }

  /** For whoever does not know yet how many bytes it needs; undefined: there is none. */
  takeLargest(): ArrayBuffer | undefined {
    const sizes = this.#buffers.map(({ byteLength }) => byteLength);
    const [largest] = this.#buffers.splice(sizes.indexOf(Math.max(...sizes)), 1);
    this.#bytes -= largest?.byteLength ?? 0;
    return largest;
  }

  /** Whether nothing would be freed for it. */
  hasRoom({ byteLength }: ArrayBuffer): boolean {
    return this.#bytes + byteLength <= this.#bytesMax;
  }

  /** At least `pooledBytesMin`. */
  add(buffer: ArrayBuffer): void {
    this.#buffers.push(buffer);
    this.#bytes += buffer.byteLength;
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#buffers.shift()!;
      this.#bytes -= oldest.byteLength;
      oldest.transfer(0);
    }
  }
}

function roundUp(length: number): number {
  const step = 2 ** Math.floor(Math.log2(length)) / stepsPerDoubling;
  return Math.ceil(length / step) * step;
}
