import { countDropped } from "../diagnostics.ts";
import type { Shedding } from "../runtime/shedding.ts";
import type { LocalTrace } from "../tracing/local-trace.ts";
import { type CallSite, captureCallSite } from "./call-site.ts";
import type { CalledStatement } from "./called-statement.ts";
import { statementsPerRequestMax } from "./repeat-counter.ts";
import { StatementCounts } from "./statement-counts.ts";

/** Pairs of route and statement that are remembered as seen. */
const pairsMax = 2_000;

type AnyFunction = (...args: never[]) => unknown;

/**
 * Decides which calls are worth 12 µs for their call site: the Nth repeat of a statement in a request, the first time
 * that a route runs it in this process, and whatever the caller knows to be slow or failing. So each statement of each
 * route has one, and each loop, and the rest costs a look into a map.
 */
export class CallSiteRules {
  readonly #repeatsMin: number;
  readonly #shedding: Shedding;
  readonly #seen = new Map<string, Set<string>>();
  #pairs = 0;

  /** `repeatsMin` is N; 0 is never. */
  constructor(repeatsMin: number, shedding: Shedding) {
    this.#repeatsMin = repeatsMin;
    this.#shedding = shedding;
  }

  /** 1 for the first call of a statement in a request, 2 for the second …; 0 when it is not followed. */
  count(trace: LocalTrace, statement: string): number {
    trace.repeats ??= new StatementCounts(statementsPerRequestMax);
    const index = trace.repeats.add(statement);
    if (index === 0) countDropped("statements_over_limit");
    return index;
  }

  /** `entry` is the function that the application has called; `index` is what `count` said. */
  capture(call: CapturedCall, entry: AnyFunction, framesMax?: number): CallSite | undefined {
    return this.isWanted(call) ? captureCallSite(entry, framesMax) : undefined;
  }

  /** Whether the call site of this call is worth its price; to be asked once a call. */
  isWanted({ trace, statement, index, isAsked }: CapturedCall): boolean {
    if (this.#repeatsMin === 0 || this.#shedding.isEvidenceShed) return false;
    if (index === 1 && statement.seenOn !== trace.route) {
      statement.seenOn = trace.route;
      if (this.#isNew(trace.route, statement.text)) return true;
    }
    return index === this.#repeatsMin || isLaterRepeat(index) || isAsked;
  }

  #isNew(route: string, statement: string): boolean {
    let statements = this.#seen.get(route);
    if (statements?.has(statement) || this.#pairs >= pairsMax) return false;
    if (statements === undefined) {
      statements = new Set();
      this.#seen.set(route, statements);
    }
    statements.add(statement);
    this.#pairs += 1;
    return true;
  }
}

/** After the first ones, the repeats of a statement whose call site is captured. */
function isLaterRepeat(index: number): boolean {
  return index === 10 || index === 100 || index === 1_000;
}

export interface CapturedCall {
  readonly trace: LocalTrace;
  readonly statement: CalledStatement;
  readonly index: number;
  /** Slow or failing lately. */
  readonly isAsked: boolean;
}
