import type { Store } from "../../storage/store.ts";
import type { Told, TraceDetector } from "../detector.ts";
import type { TraceView } from "../model/trace-view.ts";
import { countDetectorError, type ErrorReport } from "./detector-error.ts";
import { type CallKey, readCallHistories } from "./read-call-history.ts";
import { type AffectedTrace, readConnectionHolders } from "./read-connection-holders.ts";

/** A finding that something more may be told of. */
export interface Questioned extends Omit<CallKey, "shapeId"> {
  readonly fingerprint: string;
  readonly detector: TraceDetector;
  /** What is called; undefined: the finding is about the endpoint itself. */
  readonly shapeId: string | undefined;
  /** Sampled traces of the endpoint. */
  readonly sample: readonly TraceView[];
  /** Those of them that have the fault, with the spans in question. */
  readonly affected: readonly AffectedTrace[];
}

interface Options extends ErrorReport {
  readonly store: Store;
  readonly now: () => number;
}

/**
 * Asked again when the next of these begins, all findings together: what these questions are about changes slowly, and they cost
 * more than the others.
 */
const askAgainMs = 10 * 60_000;
/** Findings whose answers are kept; the ones asked for longest ago go first. */
const answersMax = 2_000;

/** What the store, or many traces together, know of findings beyond the traces that show them, for detectors that ask. */
export class FurtherEvidence {
  readonly #answers = new Map<string, { readonly told: Told | null; readonly askedMs: number }>();

  /** By fingerprint, of those that something is told of. A question that fails is counted, and asked again later. */
  async tell(
    options: Options,
    findings: readonly Questioned[],
  ): Promise<ReadonlyMap<string, Told>> {
    const nowMs = options.now();
    const due = findings.filter(({ fingerprint }) => {
      const askedMs = this.#answers.get(fingerprint)?.askedMs ?? Number.NEGATIVE_INFINITY;
      return Math.floor(askedMs / askAgainMs) < Math.floor(nowMs / askAgainMs);
    });
    await this.#askPast(options, due, nowMs);
    await this.#askHolders(options, due, nowMs);
    await this.#askSample(options, due, nowMs);
    return new Map(
      findings.flatMap(({ fingerprint }) => {
        const told = this.#answers.get(fingerprint)?.told;
        return told ? [[fingerprint, told]] : [];
      }),
    );
  }

  async #askPast(options: Options, due: readonly Questioned[], nowMs: number): Promise<void> {
    const asking = due.flatMap(({ shapeId, ...finding }) =>
      finding.detector.tellPast && shapeId !== undefined ? { ...finding, shapeId } : [],
    );
    await this.#isolate(options, asking, nowMs, async () => {
      const histories = await readCallHistories(options.store, asking, nowMs);
      return asking.map(({ detector }, i) => detector.tellPast!(histories[i]!));
    });
  }

  async #askHolders(options: Options, due: readonly Questioned[], nowMs: number): Promise<void> {
    for (const finding of due.filter(({ detector }) => detector.tellHolders)) {
      await this.#isolate(options, [finding], nowMs, async () => {
        const holders = await readConnectionHolders(options.store, finding);
        return [holders && finding.detector.tellHolders!(holders)];
      });
    }
  }

  async #askSample(options: Options, due: readonly Questioned[], nowMs: number): Promise<void> {
    for (const { shapeId, sample, ...finding } of due) {
      const { detector } = finding;
      if (!detector.tellSample || shapeId === undefined) continue;
      await this.#isolate(options, [finding], nowMs, async () => [
        detector.tellSample!(sample, shapeId),
      ]);
    }
  }

  /** Where nothing can be told the finding stands without it. */
  async #isolate(
    options: Options,
    asking: readonly Pick<Questioned, "fingerprint" | "detector">[],
    nowMs: number,
    ask: () => Promise<(Told | null)[]>,
  ): Promise<void> {
    if (asking.length === 0) return;
    let told: (Told | null)[] = [];
    try {
      told = await ask();
    } catch (error) {
      const { detector, fingerprint } = asking[0]!;
      countDetectorError(
        options,
        detector.meta.id,
        `what is told beyond finding ${fingerprint}`,
        error,
      );
    }
    for (const [i, { fingerprint }] of asking.entries()) {
      this.#keep(fingerprint, told[i] ?? null, nowMs);
    }
  }

  #keep(fingerprint: string, told: Told | null, askedMs: number): void {
    this.#answers.delete(fingerprint);
    this.#answers.set(fingerprint, { told, askedMs });
    if (this.#answers.size > answersMax) {
      this.#answers.delete(this.#answers.keys().next().value!);
    }
  }
}
