import type { Counters } from "../counters.ts";
import type { DecodeContext, DecodedBlock } from "../decode/decoded-block.ts";
import type { OtlpEncoding } from "./otlp-message.ts";
import type { Body } from "./read-body.ts";

/** Turns a body, whose memory it takes over, into a Native block. Throws an error with a `DecodeErrorCode`. */
export type Decode = (
  body: Uint8Array<ArrayBuffer>,
  encoding: OtlpEncoding,
  context: Omit<DecodeContext, "limits">,
) => Promise<DecodedBlock>;

/** What the receiver needs of the journal. */
interface AcceptedSpans {
  /** Resolves when the block is safe; throws an error with one of the JOURNAL codes. */
  append(entry: { block: Uint8Array; spans: number; bodyHash: string }): Promise<void>;
  hasAccepted(bodyHash: string): boolean;
}

export interface TraceIntakeOptions {
  readonly decode: Decode;
  readonly journal: AcceptedSpans;
  /** How far a span's start may be from now: few days, because each is a partition of its own in an insert. */
  readonly window: { readonly pastMs: number; readonly futureMs: number };
  /** Unix milliseconds. */
  readonly now: () => number;
  /** `accepted_requests`, `accepted_spans`, `rejected_spans{reason}`, `span_losses{reason}`, `retried_requests` */
  readonly counters: Counters;
}

/** What the client is told; `message` is English, and empty when nothing was rejected. */
export interface Acceptance {
  readonly rejected: number;
  readonly message: string;
}

const fullyAccepted: Acceptance = { rejected: 0, message: "" };

/**
 * Makes a body's spans safe, once. A body that was accepted in the last minutes, or is being stored at this moment, is a
 * client's retry: it gets the same answer and is not stored again.
 */
export class TraceIntake {
  readonly #options: TraceIntakeOptions;
  readonly #storing = new Map<string, Promise<Acceptance>>();

  constructor(options: TraceIntakeOptions) {
    this.#options = options;
  }

  /** Resolves when the spans are safe. Throws what `decode` and `append` throw; then nothing was stored. */
  async accept({ bytes, sha256 }: Body, encoding: OtlpEncoding): Promise<Acceptance> {
    const { journal, counters } = this.#options;
    const bodyHash = `${encoding}:${sha256}`;
    const earlier = journal.hasAccepted(bodyHash) ? fullyAccepted : this.#storing.get(bodyHash);
    if (earlier !== undefined) {
      const acceptance = await earlier;
      counters.add("retried_requests");
      return acceptance;
    }
    const storing = this.#store(bytes, encoding, bodyHash);
    this.#storing.set(bodyHash, storing);
    try {
      return await storing;
    } finally {
      this.#storing.delete(bodyHash);
    }
  }

  async #store(
    bytes: Body["bytes"],
    encoding: OtlpEncoding,
    bodyHash: string,
  ): Promise<Acceptance> {
    const { decode, journal, now, window } = this.#options;
    const receivedMs = now();
    const decoded = await decode(bytes, encoding, {
      receivedMs,
      acceptFromMs: receivedMs - window.pastMs,
      acceptToMs: receivedMs + window.futureMs,
    });
    const { block, spans, rejected, rejectedReasons } = decoded;
    if (spans > 0) await journal.append({ block, spans, bodyHash });
    this.#count(decoded);
    if (rejected === 0) return fullyAccepted;
    const reasons = Object.entries(rejectedReasons).map(([reason, count]) => `${reason} ${count}`);
    const message = `rejected ${rejected} of ${spans + rejected} spans: ${reasons.join(", ")}`;
    return { rejected, message };
  }

  #count({ spans, rejectedReasons, losses }: DecodedBlock): void {
    const { counters } = this.#options;
    counters.add("accepted_requests");
    counters.add("accepted_spans", spans);
    for (const [reason, count] of Object.entries(rejectedReasons)) {
      counters.add("rejected_spans", count, reason);
    }
    for (const [reason, count] of Object.entries(losses)) {
      if (count > 0) counters.add("span_losses", count, reason);
    }
  }
}
