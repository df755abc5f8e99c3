import { randomInt } from "node:crypto";
import type { DecodeLimits } from "./decode-limits.ts";

/** What is stored in the place of a name that is one too many. */
export const overflowName = "__overflow__";

/** A name is known for at least so long after it was last seen, and for twice as long at most. */
const generationMs = 3_600_000;

/** Hashes of a service's operations, by the hash of its name. */
type Generation = Map<number, Set<number>>;

/** The service under which those are that have no place of their own. */
const overflowService = 0;

/**
 * The names that rollups have a row a minute for: services, and operations, which are a span's name and route. So many
 * are known at a time; a further one is to be stored as `overflowName`, so that whoever puts ids into names fills neither
 * rollups nor dictionaries. Names that were known before go before new ones.
 *
 *   old generation (kept)  |── 1 h ──|
 *   young generation                 |── 1 h ──|   new names: up to the limit; known ones of the old: up to twice it
 */
export class KnownNames {
  #limits: DecodeLimits | undefined;
  #young: Generation = new Map();
  #old: Generation = new Map();
  #endsMs = 0;
  /** In the young generation, of all services. */
  #operationsCount = 0;
  /** Of the service that was started last. */
  #operations = new Set<number>();
  #oldOperations: ReadonlySet<number> | undefined;
  // Random, so that nobody can prepare names that pass for known ones.
  readonly #seed = randomInt(2 ** 31);

  startRequest(receivedMs: number, limits: DecodeLimits): void {
    this.#limits = limits;
    if (receivedMs < this.#endsMs) return;
    // After a pause of a generation or more nothing is of the last hour.
    this.#old = receivedMs < this.#endsMs + generationMs ? this.#young : new Map();
    this.#young = new Map();
    this.#operationsCount = 0;
    this.#endsMs = receivedMs + generationMs;
  }

  /** Begins with a service's spans; false: its name is one too many. */
  startService(source: Uint8Array, start: number, end: number): boolean {
    const service = hash(this.#seed, source, start, end);
    const isKnown = this.#young.has(service) || this.#hasPlaceFor(service);
    this.#open(isKnown ? service : overflowService);
    return isKnown;
  }

  /** Whether an operation of that service may be stored by its name; a start of -1 is "no route". */
  isKnown(
    source: Uint8Array,
    nameStart: number,
    nameEnd: number,
    routeStart: number,
    routeEnd: number,
  ): boolean {
    let operation = hash(this.#seed, source, nameStart, nameEnd);
    if (routeStart !== -1) operation = hash(operation, source, routeStart, routeEnd);
    return this.#operations.has(operation) || this.#admit(operation);
  }

  #hasPlaceFor(service: number): boolean {
    const { servicesMax } = this.#limits!;
    return this.#young.size < (this.#old.has(service) ? 2 * servicesMax : servicesMax);
  }

  #open(service: number): void {
    this.#operations = this.#young.get(service) ?? new Set();
    this.#young.set(service, this.#operations);
    this.#oldOperations = this.#old.get(service);
  }

  #admit(operation: number): boolean {
    const { operationsOfServiceMax, operationsMax } = this.#limits!;
    const share = this.#oldOperations?.has(operation) ? 2 : 1;
    if (this.#operations.size >= share * operationsOfServiceMax) return false;
    if (this.#operationsCount >= share * operationsMax) return false;
    this.#operations.add(operation);
    this.#operationsCount++;
    return true;
  }
}

function hash(seed: number, source: Uint8Array, start: number, end: number): number {
  let value = seed ^ (end - start);
  for (let i = start; i < end; i++) value = Math.imul(value ^ source[i]!, 0x01000193);
  return Math.imul(value ^ (value >>> 15), 0x7feb352d);
}
