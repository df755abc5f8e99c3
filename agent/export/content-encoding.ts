import {
  constants,
  createGzip,
  createZstdCompress,
  type Gzip,
  gzipSync,
  type ZstdCompress,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";

/** As in `Content-Encoding`; undefined: as it is. */
export type ContentEncoding = "zstd" | "gzip" | undefined;

/** Of both the fastest: gzip's level 1 takes a third of the time of level 6, and the body grows by a seventh. */
const level = 1;
/** What a part takes when it is compressed, of the largest parts: written over by the next one. */
const chunkSize = 64 * 1024;
const gzipOptions = { chunkSize, level } as const;
/** Of 256 KiB, half of the level's own: the bytes grow by a fiftieth, and the compressor's time and memory shrink by a fifth. */
const windowLog = 18;
const { ZSTD_c_compressionLevel, ZSTD_c_windowLog } = constants;
const zstdOptions = {
  chunkSize,
  params: { [ZSTD_c_compressionLevel]: level, [ZSTD_c_windowLog]: windowLog },
} as const;

/** Makes a body of parts, one body after the other. Synchronous: for a thread that has nothing else to do. */
export interface BodyEncoder {
  readonly encoding: ContentEncoding;
  /** The part may be changed afterwards. */
  add(part: Uint8Array): void;
  /** What was added since the last body, in memory of its own, and no more than it takes. */
  end(): Uint8Array;
}

type Compressor = Gzip | ZstdCompress;

/**
 * A stream of Node's, and what it keeps for compatibility: `_processChunk` works without the pool of threads, which is the
 * application's, but closes the compressor behind itself.
 */
type SynchronousCompressor = Compressor & {
  _handle: { close(): void } | null;
  /** Where in the compressor's own buffer of `chunkSize` it goes on. */
  _outOffset: number;
  _processChunk(part: Uint8Array, flush: number): Uint8Array;
  reset(): void;
};

/** A compressor without what makes it synchronous, as another Node may have it, is left alone: each body has its own. */
export function createBodyEncoder(
  encoding: ContentEncoding,
  compressor = createCompressor(encoding),
): BodyEncoder {
  if (encoding === undefined) return new GatheredBody(encoding, (body) => body);
  if (isSynchronous(compressor)) return new CompressedBody(encoding, compressor);
  if (encoding === "gzip") return new GatheredBody(encoding, (body) => gzipSync(body, gzipOptions));
  return new GatheredBody(encoding, (body) => zstdCompressSync(body, zstdOptions));
}

function createCompressor(encoding: ContentEncoding): Compressor | undefined {
  if (encoding === undefined) return undefined;
  return encoding === "gzip" ? createGzip(gzipOptions) : createZstdCompress(zstdOptions);
}

function isSynchronous(compressor: Compressor | undefined): compressor is SynchronousCompressor {
  const { _handle, _processChunk } = (compressor ?? {}) as Partial<SynchronousCompressor>;
  return typeof _handle?.close === "function" && typeof _processChunk === "function";
}

/**
 * One compressor for all bodies. One for each would take and free 1.3 MB: glibc then takes frees of that size for usual, and
 * each of its arenas, those of V8's threads too, keeps 2.6 MB that it would have given back.
 */
class CompressedBody implements BodyEncoder {
  readonly encoding: "zstd" | "gzip";
  readonly #compressor: SynchronousCompressor;
  readonly #handle: SynchronousCompressor["_handle"];
  readonly #body = new GrowingBytes();

  constructor(encoding: "zstd" | "gzip", compressor: SynchronousCompressor) {
    this.encoding = encoding;
    this.#compressor = compressor;
    this.#handle = compressor._handle;
    this.#handle!.close = () => undefined;
  }

  add(part: Uint8Array): void {
    this.#write(part, this.encoding === "zstd" ? constants.ZSTD_e_continue : constants.Z_NO_FLUSH);
  }

  end(): Uint8Array {
    if (this.encoding === "zstd") {
      // What comes next is another frame; to reset it would be to make it anew.
      this.#write(new Uint8Array(), constants.ZSTD_e_end);
    } else {
      this.#write(new Uint8Array(), constants.Z_FINISH);
      this.#compressor.reset();
    }
    return this.#body.take();
  }

  #write(part: Uint8Array, flush: number): void {
    this.#body.add(this.#compressor._processChunk(part, flush));
    this.#compressor._outOffset = 0;
    this.#compressor._handle = this.#handle;
    this.#compressor.removeAllListeners("error");
  }
}

class GatheredBody implements BodyEncoder {
  readonly encoding: ContentEncoding;
  readonly #encode: (body: Uint8Array) => Uint8Array;
  readonly #body = new GrowingBytes();

  constructor(encoding: ContentEncoding, encode: (body: Uint8Array) => Uint8Array) {
    this.encoding = encoding;
    this.#encode = encode;
  }

  add(part: Uint8Array): void {
    this.#body.add(part);
  }

  end(): Uint8Array {
    return this.#encode(this.#body.take());
  }
}

/** Written once and again: left to the collection of garbage, memory outside of the heap would be there for long. */
class GrowingBytes {
  #bytes = new Uint8Array(64 * 1024);
  #length = 0;

  add(part: Uint8Array): void {
    const length = this.#length + part.length;
    if (length > this.#bytes.length) {
      const bytes = this.#bytes;
      this.#bytes = new Uint8Array(Math.max(length, 2 * bytes.length));
      this.#bytes.set(bytes);
    }
    this.#bytes.set(part, this.#length);
    this.#length = length;
  }

  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return bytes;
  }
}

export function zstdToGzip(body: Uint8Array): Uint8Array {
  return gzipSync(zstdDecompressSync(body), { level });
}
