/** So many are looked for one by one, which is faster than a map; requests with more are rare. */
const listedMax = 12;

/** How often each statement ran in one request. */
export class StatementCounts {
  readonly #texts: string[] = [];
  readonly #counts: number[] = [];
  #others: Map<string, number> | undefined = undefined;
  readonly #statementsMax: number;

  constructor(statementsMax: number) {
    this.#statementsMax = statementsMax;
  }

  /** 1 for the first call of a statement, 2 for the second …; 0 when it is one statement too many. */
  add(text: string): number {
    const texts = this.#texts;
    for (let i = 0; i < texts.length; i += 1) {
      if (texts[i] !== text) continue;
      const count = this.#counts[i]! + 1;
      this.#counts[i] = count;
      return count;
    }
    if (texts.length === listedMax) return this.#addOther(text);
    texts.push(text);
    this.#counts.push(1);
    return 1;
  }

  /** Of the statement that ran most often. */
  get most(): number {
    return Math.max(0, ...this.#counts, ...(this.#others?.values() ?? []));
  }

  #addOther(text: string): number {
    this.#others ??= new Map();
    const count = (this.#others.get(text) ?? 0) + 1;
    if (count === 1 && this.#others.size + listedMax >= this.#statementsMax) return 0;
    this.#others.set(text, count);
    return count;
  }
}
