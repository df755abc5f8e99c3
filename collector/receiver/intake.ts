import { createHash } from "node:crypto";
import type { Grant } from "../auth/key-ring.ts";
import type { Counters } from "../counters.ts";
import type { BodyEncoding, DecodeContext, DecodedBlock } from "../decode/decoded-block.ts";
import { rowNames, type Signal } from "../signal.ts";
import { type AppendedBlock, SharedAppends } from "./shared-appends.ts";

type Body = Uint8Array<ArrayBuffer>;

/** Takes the bodies of one signal, whatever transport they came by. */
export interface Intake {
  /**
   * Resolves when what the body holds is safe: once, also when it comes again. Takes over the body's memory. Rejects with
   * a `CollectorErrorCode` or a `DecodeErrorCode`; then nothing was stored. `grant`: what the sender may do.
   */
  accept(body: Body, encoding: BodyEncoding, grant: Grant): Promise<Acceptance>;
}

/** What the client is told; `message` is English, and empty when nothing was rejected or left out. */
export interface Acceptance {
  readonly rejected: number;
  readonly message: string;
}

/** Turns a body, whose memory it takes over, into a Native block. Throws an error with a `DecodeErrorCode`. */
export type Decode = (
  body: Body,
  encoding: BodyEncoding,
  context: Omit<DecodeContext, "limits">,
) => Promise<DecodedBlock>;

/** What an intake needs of its signal's journal. */
interface AcceptedRows {
  /** Resolves when the block is safe; throws an error with one of the JOURNAL codes. */
  append(entry: AppendedBlock): Promise<void>;
  hashBody(body: Body): string;
  hasAccepted(bodyHash: string): boolean;
}

export interface IntakeOptions {
  readonly signal: Signal;
  readonly decode: Decode;
  /** Gives a block back that `decode` made, once nobody reads it any more. */
  readonly release: (block: Uint8Array<ArrayBuffer>) => void;
  readonly journal: AcceptedRows;
  /** How far a row's time may be from now: few days, because each is a partition of its own in an insert. */
  readonly window: { readonly pastMs: number; readonly futureMs: number };
  /** Unix milliseconds. */
  readonly now: () => number;
  /**
   * `accepted_requests{signal}`, `accepted_spans`, `rejected_spans{reason}` (of other signals by their `rowNames`),
   * `losses{reason}`, `retried_requests`
   */
  readonly counters: Counters;
}

const fullyAccepted: Acceptance = { rejected: 0, message: "" };

/**
 * Makes a body's rows safe, once. A body that was accepted in the last minutes, or is being stored at this moment, is a
 * client's retry: it gets the same answer and is not stored again.
 */
export function createIntake(options: IntakeOptions): Intake {
  return new DurableIntake(options);
}

class DurableIntake implements Intake {
  readonly #options: IntakeOptions;
  readonly #storing = new Map<string, Promise<Acceptance>>();
  readonly #appends: SharedAppends;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#appends = new SharedAppends((entry) => options.journal.append(entry), options.release);
  }

  async accept(body: Body, encoding: BodyEncoding, grant: Grant): Promise<Acceptance> {
    const { journal, counters } = this.#options;
    const bodyHash = `${encoding}:${hashFor(grant, journal.hashBody(body))}`;
    const earlier = journal.hasAccepted(bodyHash) ? fullyAccepted : this.#storing.get(bodyHash);
    if (earlier !== undefined) {
      const acceptance = await earlier;
      counters.add("retried_requests");
      return acceptance;
    }
    const storing = this.#store(body, encoding, bodyHash, grant);
    this.#storing.set(bodyHash, storing);
    try {
      return await storing;
    } finally {
      this.#storing.delete(bodyHash);
    }
  }

  async #store(
    body: Body,
    encoding: BodyEncoding,
    bodyHash: string,
    grant: Grant,
  ): Promise<Acceptance> {
    const { signal, decode, now, window } = this.#options;
    const receivedMs = now();
    const decoded = await decode(body, encoding, {
      receivedMs,
      acceptFromMs: receivedMs - window.pastMs,
      acceptToMs: receivedMs + window.futureMs,
      // Where the day's quota is full, the rows are not stored: another request's have to be in another block.
      ...(grant.hasQuota && { isAlone: true }),
      ...(grant.services && { services: grant.services }),
    });
    await this.#append(decoded, bodyHash, grant);
    this.#count(decoded);
    const { rejected } = decoded;
    return { rejected, message: toMessage(decoded, rowNames[signal].replace("_", " ")) };
  }

  async #append(decoded: DecodedBlock, bodyHash: string, grant: Grant): Promise<void> {
    const { block, rows, requests } = decoded;
    try {
      grant.takeRows(rows);
    } catch (error) {
      this.#options.release(block);
      throw error;
    }
    try {
      await this.#appends.add({ block, rows, requests, bodyHash });
    } catch (error) {
      grant.giveBackRows(rows);
      throw error;
    }
  }

  #count({ rows, rejectedReasons, losses }: DecodedBlock): void {
    const { signal, counters } = this.#options;
    counters.add("accepted_requests", 1, signal);
    counters.add(`accepted_${rowNames[signal]}`, rows);
    for (const [reason, count] of Object.entries(rejectedReasons)) {
      counters.add(`rejected_${rowNames[signal]}`, count, reason);
    }
    for (const [reason, count] of Object.entries(losses)) {
      if (count > 0) counters.add("losses", count, reason);
    }
  }
}

/** `names`: what rows are called. Empty when all was stored as it came. */
function toMessage(
  { rows, rejected, rejectedReasons, losses }: DecodedBlock,
  names: string,
): string {
  const sentences: string[] = [];
  if (rejected > 0)
    sentences.push(`rejected ${rejected} of ${rows + rejected} ${names}: ${list(rejectedReasons)}`);
  const left = list(losses);
  if (left !== "") sentences.push(`stored ${rows} ${names}, not with all that they carry: ${left}`);
  return sentences.join("; ");
}

/** "truncatedValues 3, droppedLinks 1" */
function list(counts: Readonly<Record<string, number>>): string {
  const seen = Object.entries(counts).filter(([, count]) => count > 0);
  return seen.map(([reason, count]) => `${reason} ${count}`).join(", ");
}

/** Of a body only the services that its key may send are stored: the same body is another one for a key of others. */
function hashFor({ services }: Grant, bodyHash: string): string {
  if (services === undefined) return bodyHash;
  return createHash("sha256")
    .update(JSON.stringify([bodyHash, ...services]))
    .digest("hex");
}
