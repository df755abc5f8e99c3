/** Ids in (sinceTraceId, untilTraceId], 32 hex digits each. */
export interface IdSlice {
  readonly sinceTraceId: string;
  readonly untilTraceId: string;
}

const idMax = 2n ** 128n - 1n;
/** A slice is to bring so much of what may come at once: most ids are random, and some more may be in the next. */
const filledShare = 0.9;
/** A slice that brought nothing is followed by one that is so much wider: some ids begin with their time. */
const widerMax = 16;
/** Widths are whole numbers of 128 bits: a ratio is so many parts of 1. */
const ratioSteps = 4096;

/**
 * Cuts the space of trace ids into slices of about as many traces as may come at once, whatever the ids are like: each slice is as
 * wide as the one before says. So each trace is looked at once or twice, and not once for every page before its own.
 */
export class IdSlices {
  readonly #tracesMax: number;
  #since = 0n;
  #width: bigint;

  /** `expected` traces may be there in all: the first slice is as wide as if their ids were random. */
  constructor(tracesMax: number, expected: number) {
    this.#tracesMax = tracesMax;
    this.#width = widen(idMax, this.#wantedOf(expected));
  }

  /** null: all ids were walked through. */
  get current(): IdSlice | null {
    if (this.#since >= idMax) return null;
    return { sinceTraceId: toHex(this.#since), untilTraceId: toHex(this.#until) };
  }

  get #until(): bigint {
    const until = this.#since + this.#width;
    return until > idMax ? idMax : until;
  }

  /** So many traces came of the current slice, `lastId` the last by its id; as many as may come at once: there are more. */
  passed(traces: number, lastId: string): void {
    const isCut = traces >= this.#tracesMax;
    const until = isCut ? BigInt(`0x${lastId}`) : this.#until;
    const width = until - this.#since;
    this.#width = widen(width, this.#wantedOf(traces));
    this.#since = until;
  }

  #wantedOf(traces: number): number {
    return (this.#tracesMax * filledShare) / Math.max(1, traces);
  }
}

/** At most `widerMax` times as wide, and at least by one. */
function widen(width: bigint, ratio: number): bigint {
  return (
    (width * BigInt(Math.round(Math.min(widerMax, ratio) * ratioSteps))) / BigInt(ratioSteps) + 1n
  );
}

function toHex(id: bigint): string {
  return id.toString(16).padStart(32, "0");
}
