import {
  ATTR_CODE_FILE_PATH,
  ATTR_CODE_FUNCTION_NAME,
  ATTR_CODE_LINE_NUMBER,
} from "@opentelemetry/semantic-conventions";
import { findOriginalFrame } from "../source-maps/original-frame.ts";
import { toOriginalText } from "../source-maps/original-text.ts";
import type { SourceMaps } from "../source-maps/source-maps.ts";
import { encodeAttribute } from "./encode-attribute.ts";
import type { EncodedPlace, SpanChunk } from "./span-chunk.ts";

/** Field 9 of OTLP's Span. */
const attributesTag = 0x4a;
const callSitesMax = 4_000;

/**
 * Puts the places of the application's own sources where those of compiled code stand. The application's thread only
 * notes where in a chunk call sites are: their files are read here, and each place once.
 *
 *   span ── length (3 bytes) ── … code.file.path = dist/main.js … ── next span
 *             └ filled in again        └ src/orders.ts
 */
export class PlaceResolver {
  readonly #maps: SourceMaps;
  #encoded = new Map<string, Buffer>();

  constructor(maps: SourceMaps) {
    this.#maps = maps;
  }

  /** The same chunk when none of its places is in compiled code; else a copy. Writes into the given one, too. */
  resolve(chunk: SpanChunk): SpanChunk {
    const { bytes } = chunk;
    const segments = [...chunk.segments];
    const parts: Uint8Array[] = [];
    let at = 0;
    let added = 0;
    let segment = 1;
    for (const { frames, from, to, lengthsAt } of chunk.places) {
      const replaced = this.#replacementOf(bytes, { frames, from, to, lengthsAt });
      if (replaced === undefined) continue;
      for (; segments[segment]! <= from; segment += 2) segments[segment]! += added;
      parts.push(bytes.subarray(at, from), replaced);
      const longer = replaced.length - (to - from);
      for (const lengthAt of lengthsAt) addToLength(bytes, lengthAt, longer);
      added += longer;
      at = to;
    }
    if (parts.length === 0) return chunk;
    parts.push(bytes.subarray(at, segments.at(-1)));
    for (; segment < segments.length; segment += 2) segments[segment]! += added;
    return { ...chunk, segments, bytes: concatenate(parts) };
  }

  #replacementOf(bytes: Uint8Array, place: EncodedPlace): Buffer | undefined {
    try {
      return place.frames === "" ? this.#stackOf(bytes, place) : this.#attributesOf(place.frames);
    } catch {
      // The text of a stack is whatever somebody has put there, and so are the names in a map.
      this.#maps.countFailed();
      return undefined;
    }
  }

  #stackOf(bytes: Uint8Array, { from, to }: EncodedPlace): Buffer | undefined {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("utf8");
    const original = toOriginalText(text, this.#maps);
    return original === text ? undefined : Buffer.from(original);
  }

  #attributesOf(frames: string): Buffer | undefined {
    const known = this.#encoded.get(frames);
    if (known !== undefined) return known;
    const frame = findOriginalFrame(frames, this.#maps);
    if (frame === undefined) return undefined;
    const { filePath, lineNumber, functionName } = frame;
    const bytes = Buffer.concat([
      encodeAttribute(attributesTag, ATTR_CODE_FILE_PATH, filePath),
      encodeAttribute(attributesTag, ATTR_CODE_LINE_NUMBER, lineNumber),
      ...(functionName === ""
        ? []
        : [encodeAttribute(attributesTag, ATTR_CODE_FUNCTION_NAME, functionName)]),
    ]);
    if (this.#encoded.size >= callSitesMax) this.#encoded = new Map();
    this.#encoded.set(frames, bytes);
    return bytes;
  }
}

/** Of a varint that is three bytes wide, whatever it is. */
function addToLength(bytes: Uint8Array, at: number, difference: number): void {
  const length =
    (bytes[at]! & 127) + ((bytes[at + 1]! & 127) << 7) + (bytes[at + 2]! << 14) + difference;
  bytes[at] = (length & 127) | 128;
  bytes[at + 1] = ((length >>> 7) & 127) | 128;
  bytes[at + 2] = length >>> 14;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
