import { DecodeError } from "./decode-error.ts";
import type { DecodeLimits } from "./decode-limits.ts";
import { defaultDecodeLimits } from "./decode-limits.ts";
import type { DecodeContext, Losses, RejectReason } from "./decoded-block.ts";
import { KnownNames } from "./known-names.ts";

/** The body in work, and what the parts of the decoder count together while they read it. */
export class DecodeRequest {
  body: Buffer = Buffer.alloc(0);
  limits: DecodeLimits = defaultDecodeLimits;
  losses: Losses = noLosses();
  rejected = 0;
  rejectedReasons: Partial<Record<RejectReason, number>> = {};
  /** Of the resource that is being read; where it is not, its rows are to be rejected. */
  isServiceAllowed = true;
  /** Kept from request to request: what is one too many depends on what came before. */
  readonly names: KnownNames = new KnownNames();
  #services: readonly string[] | undefined;
  #rows = 0;
  #acceptFromMs = 0;
  #acceptToMs = 0;

  reset(body: Uint8Array, context: DecodeContext): void {
    this.body = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.limits = context.limits;
    this.losses = noLosses();
    this.rejected = 0;
    this.rejectedReasons = {};
    this.#rows = 0;
    this.#acceptFromMs = context.acceptFromMs;
    this.#acceptToMs = context.acceptToMs;
    this.#services = context.services;
    this.names.startRequest(context.receivedMs, context.limits);
  }

  /** Lets go of the body. */
  release(): void {
    this.body = Buffer.alloc(0);
  }

  startResource(resource: { serviceName(): string }): void {
    this.isServiceAllowed = this.#services?.includes(resource.serviceName()) ?? true;
  }

  /** To be called for each row before it is read, whether it will be rejected or not. */
  countRow(): void {
    const { rowsMax } = this.limits;
    if (++this.#rows <= rowsMax) return;
    const message = `a request may hold ${rowsMax} spans, data points or log records`;
    throw new DecodeError("TOO_MANY_ROWS", message);
  }

  reject(reason: RejectReason): void {
    this.rejected++;
    this.rejectedReasons[reason] = (this.rejectedReasons[reason] ?? 0) + 1;
  }

  /** Whether nanoseconds since 1970, in two halves, are in the time window. */
  isInWindow(lo: number, hi: number): boolean {
    return toMs(lo, hi) >= this.#acceptFromMs && !this.isAfterWindow(lo, hi);
  }

  isAfterWindow(lo: number, hi: number): boolean {
    return toMs(lo, hi) > this.#acceptToMs;
  }

  /** Right length, and not all zero. */
  isId(start: number, end: number, length: number): boolean {
    if (end - start !== length) return false;
    let any = 0;
    for (let i = start; i < end; i++) any |= this.body[i]!;
    return any !== 0;
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

function toMs(lo: number, hi: number): number {
  return (hi * 2 ** 32 + lo) / 1e6;
}

function noLosses(): Losses {
  return {
    truncatedValues: 0,
    droppedAttributes: 0,
    cardinality: 0,
    overflowedServices: 0,
    overflowedNames: 0,
    droppedEvents: 0,
    droppedLinks: 0,
    droppedExemplars: 0,
    droppedIds: 0,
  };
}
