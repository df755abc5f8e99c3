import {
  type TouchedFindingRow,
  type TouchedFindingsParameters,
  touchedFindingsQuery,
} from "../../storage/queries/touched-findings.ts";
import type { Store } from "../../storage/store.ts";

/** Read again behind the last time: an insert that was under way becomes visible with an older time, and clocks differ. */
const overlapMs = 30_000;
/** Of one question; what is more comes with the next. */
const findingsMax = 10_000;

/** A finding that another analyzer saw in traces, whose occurrences are stored. */
export interface TouchedFinding {
  readonly fingerprint: string;
  /** Its detector's id. */
  readonly detector: string;
  readonly sinceMs: number;
}

/**
 * What several analyzers tell the one that merges: each stores occurrences of its own traces, and one alone computes findings
 * of all occurrences and tells them.
 *
 *   analyzer 1 ─▶ occurrences, touched_findings ─┐
 *   analyzer 2 ─▶ occurrences, touched_findings ─┴▶ analyzer 0 ─▶ findings ─▶ messages
 */
export class TouchedFindings {
  readonly #store: Store;
  /** Fingerprint to when it was touched last, for those inside the overlap. */
  readonly #known = new Map<string, number>();
  #readMs: number | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** All that was touched up to this time is known, and what comes late will be; undefined: nothing was read yet. */
  get readMs(): number | undefined {
    return this.#readMs;
  }

  /** For the others. */
  async tell(fingerprints: ReadonlyMap<string, { readonly meta: { readonly id: string } }>) {
    if (fingerprints.size === 0) return;
    await this.#store.insertRows(
      "touched_findings",
      Array.from(fingerprints, ([fingerprint, { meta }]) => ({ fingerprint, detector: meta.id })),
    );
  }

  /** For the one that merges: what was touched since it asked last, at first since `fromMs`. */
  async read(fromMs: number, nowMs: number): Promise<TouchedFinding[]> {
    const sinceMs = Math.max(0, (this.#readMs ?? fromMs) - overlapMs);
    const parameters: TouchedFindingsParameters = { sinceMs, findingsMax };
    const rows = await this.#store.select<TouchedFindingRow>(touchedFindingsQuery, parameters);
    const touched = rows.filter((row) => row.lastMs > (this.#known.get(row.fingerprint) ?? -1));
    const readMs = rows.length < findingsMax ? nowMs : rows.at(-1)!.lastMs;
    for (const [fingerprint, lastMs] of this.#known) {
      if (lastMs < readMs - overlapMs) this.#known.delete(fingerprint);
    }
    for (const { fingerprint, lastMs } of touched) this.#known.set(fingerprint, lastMs);
    this.#readMs = readMs;
    return touched.map(({ fingerprint, detector, firstMs }) => {
      return { fingerprint, detector, sinceMs: firstMs };
    });
  }
}
