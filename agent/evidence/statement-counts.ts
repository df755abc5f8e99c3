/** So many are looked for one by one, which is faster than a map; requests with more are rare. */
const listedMax = 12;

interface Counted {
  readonly text: string;
  count: number;
  readonly next: Counted | undefined;
}

/** How often each statement ran in one request. */
export class StatementCounts {
  /** The latest one first. Not in arrays, which take room for sixteen each. */
  #latest: Counted | undefined = undefined;
  #listed = 0;
  #others: Map<string, number> | undefined = undefined;
  readonly #statementsMax: number;

  constructor(statementsMax: number) {
    this.#statementsMax = statementsMax;
  }

  /** 1 for the first call of a statement, 2 for the second …; 0 when it is one statement too many. */
  add(text: string): number {
    for (let it = this.#latest; it !== undefined; it = it.next) {
      if (it.text !== text) continue;
      it.count += 1;
      return it.count;
    }
    if (this.#listed === listedMax) return this.#addOther(text);
    this.#listed += 1;
    this.#latest = { text, count: 1, next: this.#latest };
    return 1;
  }

  /** Of the statement that ran most often. */
  get most(): number {
    let most = Math.max(0, ...(this.#others?.values() ?? []));
    for (let it = this.#latest; it !== undefined; it = it.next) most = Math.max(most, it.count);
    return most;
  }

  #addOther(text: string): number {
    this.#others ??= new Map();
    const count = (this.#others.get(text) ?? 0) + 1;
    if (count === 1 && this.#others.size + listedMax >= this.#statementsMax) return 0;
    this.#others.set(text, count);
    return count;
  }
}
