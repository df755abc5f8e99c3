import { countDropped } from "../diagnostics.ts";

/** Further statements of the same request are not followed, and counted as dropped. */
export const statementsPerRequestMax = 2_000;

/**
 * How often a statement ran within one request. A request is any object that lives as long as it does, such as its root
 * span; what was counted is gone with it.
 */
export class RepeatCounter {
  readonly #requests = new WeakMap<object, Map<string, number>>();

  /** 1 for the first call of a statement in a request, 2 for the second …; 0 when it is not followed. */
  count(request: object, statement: string): number {
    let statements = this.#requests.get(request);
    if (statements === undefined) {
      statements = new Map();
      this.#requests.set(request, statements);
    }
    const repeats = (statements.get(statement) ?? 0) + 1;
    if (repeats === 1 && statements.size >= statementsPerRequestMax) {
      countDropped("statements_over_limit");
      return 0;
    }
    statements.set(statement, repeats);
    return repeats;
  }
}
