/** Values by two names, at most so many of them; what comes then is not taken. */
export class PairMap<Value> {
  readonly #byFirst = new Map<string, Map<string, Value>>();
  readonly #max: number;
  #size = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get(first: string, second: string): Value | undefined {
    return this.#byFirst.get(first)?.get(second);
  }

  /** Of a pair that is not there yet. */
  add(first: string, second: string, value: Value): void {
    if (this.#size >= this.#max) return;
    this.#size++;
    const ofFirst = this.#byFirst.get(first);
    if (ofFirst) ofFirst.set(second, value);
    else this.#byFirst.set(first, new Map([[second, value]]));
  }

  *entries(): Generator<[first: string, second: string, value: Value]> {
    for (const [first, ofFirst] of this.#byFirst) {
      for (const [second, value] of ofFirst) yield [first, second, value];
    }
  }
}
