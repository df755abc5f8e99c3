import type { ChunkSink } from "../../agent/export/span-buffer.ts";
import type { SpanChunk } from "../../agent/export/span-chunk.ts";

/** Takes every chunk, and keeps a copy of it. */
export function keepChunks(): ChunkSink & { readonly chunks: readonly SpanChunk[] } {
  const chunks: SpanChunk[] = [];
  const take = (chunk: SpanChunk) =>
    chunks.push({ ...chunk, bytes: new Uint8Array(chunk.bytes) }) > 0;
  return { chunks, hasRoom: true, take };
}
