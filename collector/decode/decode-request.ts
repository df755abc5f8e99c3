import type { DecodeLimits } from "./decode-limits.ts";
import { defaultDecodeLimits } from "./decode-limits.ts";

/** What was left out of the spans that are in the block. */
export interface Losses {
  /** Strings cut, and lists replaced by their length. */
  truncatedValues: number;
  /** Attributes over a limit, and repeats of a key. */
  droppedAttributes: number;
  droppedEvents: number;
  /** Links over the limit, or without valid ids. */
  droppedLinks: number;
}

/** The body in work, and what the parts of the decoder count together while they read it. */
export class DecodeRequest {
  body: Buffer = Buffer.alloc(0);
  limits: DecodeLimits = defaultDecodeLimits;
  losses: Losses = noLosses();

  reset(body: Uint8Array, limits: DecodeLimits): void {
    this.body = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.limits = limits;
    this.losses = noLosses();
  }

  /** Lets go of the body. */
  release(): void {
    this.body = Buffer.alloc(0);
  }

  /** Where the string [start, end) ends once it keeps the limit; never inside a character. */
  cut(start: number, end: number): number {
    if (end - start <= this.limits.valueBytesMax) return end;
    this.losses.truncatedValues++;
    let at = start + this.limits.valueBytesMax;
    // UTF-8: bytes 10xxxxxx continue a character.
    while (at > start && (this.body[at]! & 0xc0) === 0x80) at--;
    return at;
  }
}

function noLosses(): Losses {
  return { truncatedValues: 0, droppedAttributes: 0, droppedEvents: 0, droppedLinks: 0 };
}
