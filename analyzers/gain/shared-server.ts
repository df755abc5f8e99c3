/** Nanoseconds since one moment that all of them share. */
interface Interval {
  readonly start: number;
  readonly end: number;
}

/** A call to a server that shares itself among all that it is asked at once. */
export interface ServedCall extends Interval {
  /** When it starts instead. */
  readonly startAfter: number;
}

/** Starts and ends of calls, in order of time; what is as late ends before others start. */
interface Edge {
  readonly at: number;
  readonly call: number;
  readonly isStart: boolean;
}

/** A server that works on `capacity` calls at once; where there are more, each gets its part of that. */
export class SharedServer {
  readonly #calls: readonly ServedCall[];
  readonly #edges: readonly Edge[];
  readonly #byStartAfter: Uint32Array;

  constructor(calls: readonly ServedCall[]) {
    this.#calls = calls;
    this.#edges = toEdges(calls);
    this.#byStartAfter = Uint32Array.from(calls.keys()).sort(
      (a, b) => calls[a]!.startAfter - calls[b]!.startAfter,
    );
  }

  /** As many calls as there are at once, as they were, and as they would be if none slowed another down. */
  atOnceMax(): number {
    const after = toEdges(
      this.#calls.map(({ start, end, startAfter }) => ({
        start: startAfter,
        end: startAfter + end - start,
      })),
    );
    return Math.max(mostOpen(this.#edges), mostOpen(after));
  }

  /** How long each call was worked on, in the time of one that is alone. */
  servedNs(capacity: number): Float64Array {
    const served = new Float64Array(this.#calls.length);
    let open = 0;
    let eachNs = 0;
    let last = 0;
    for (const { at, call, isStart } of this.#edges) {
      eachNs += (at - last) * speedOf(open, capacity);
      last = at;
      open += isStart ? 1 : -1;
      served[call]! += isStart ? -eachNs : eachNs;
    }
    return served;
  }

  /** How long each call takes once it starts at `startAfter` and is to be worked on for so long. */
  replay(served: Float64Array, capacity: number): Float64Array {
    const taken = new Float64Array(this.#calls.length);
    // Those under way by what is left to do: all get the same, so their order stays.
    const open: { readonly call: number; readonly doneAt: number }[] = [];
    let now = 0;
    let eachNs = 0;
    const workUntil = (time: number) => {
      for (let first = open[0]; first !== undefined; first = open[0]) {
        const speed = speedOf(open.length, capacity);
        const end = now + (first.doneAt - eachNs) / speed;
        if (end > time) {
          eachNs += (time - now) * speed;
          break;
        }
        now = end;
        eachNs = first.doneAt;
        taken[first.call] = end - this.#calls[first.call]!.startAfter;
        open.shift();
      }
      now = time;
    };
    for (const call of this.#byStartAfter) {
      workUntil(this.#calls[call]!.startAfter);
      const doneAt = eachNs + served[call]!;
      const place = open.findIndex((other) => other.doneAt > doneAt);
      open.splice(place === -1 ? open.length : place, 0, { call, doneAt });
    }
    workUntil(Infinity);
    return taken;
  }
}

function speedOf(open: number, capacity: number): number {
  return open > capacity ? capacity / open : 1;
}

function toEdges(intervals: readonly Interval[]): Edge[] {
  return intervals
    .flatMap(({ start, end }, call) => [
      { at: start, call, isStart: true },
      { at: end, call, isStart: false },
    ])
    .sort((a, b) => a.at - b.at || Number(a.isStart) - Number(b.isStart));
}

function mostOpen(edges: readonly Edge[]): number {
  let open = 0;
  let most = 0;
  for (const { isStart } of edges) {
    open += isStart ? 1 : -1;
    most = Math.max(most, open);
  }
  return most;
}
