/** Time is nanoseconds since one moment that all of them share. */
interface Interval {
  readonly start: number;
  readonly end: number;
}

/** Somebody waited for a connection. */
export interface WaitedFor extends Interval {
  /** Process and database system: whose connections. */
  readonly pool: string;
  /** As the agent calls the pool of the connection, unique in its process; "": the spans don't say. */
  readonly poolName: string;
}

/** Somebody held one. */
export interface HeldBy extends WaitedFor {
  /** When it was asked for: the interval begins when it was there. */
  readonly askedAt: number;
  /** No call of its request had one before, which it could have been made on. */
  readonly isFirst: boolean;
  /** Of the interval, the share in which it was held. */
  readonly share: number;
  readonly kind: "transaction" | "query";
  /** "GET /report" */
  readonly endpoint: string;
  /** "SELECT sales", "a transaction that waits for POST /payments" */
  readonly what: string;
}

/** Who held connections while others waited for one. */
export interface ConnectionHolders {
  /** By share, the largest first. */
  readonly holders: readonly ConnectionHolder[];
  readonly waits: number;
  /** Of the time in which somebody waited, the share in which somebody was seen to hold a connection. */
  readonly seenShare: number;
  /** Connections that were held at the same time, at most. */
  readonly connections: number;
}

export interface ConnectionHolder extends Pick<HeldBy, "kind" | "endpoint" | "what"> {
  /** Of the connections' time while others waited. */
  readonly share: number;
  /** How long one of them was held, the middle one. */
  readonly heldNs: number;
}

/**
 * Adds up who held connections of the same pool during the waits; a wait of one process is not for another's connections. Where spans don't
 * name their pool, it is told of `measured`, all waits that are known, whose connections are another pool's of the same process.
 */
export function connectionHolders(
  waits: readonly WaitedFor[],
  holds: readonly HeldBy[],
  measured: readonly WaitedFor[] = [],
): ConnectionHolders {
  const isElsewhere = toElsewhere(measured, holds);
  const byKey = new Map<string, { holds: HeldBy[]; ns: number }>();
  let heldNs = 0;
  let waitedNs = 0;
  let seenNs = 0;
  let connections = 0;
  for (const wait of waits) {
    const during = holds.filter(
      (hold) =>
        hold.pool === wait.pool &&
        hold.start < wait.end &&
        hold.end > wait.start &&
        (isNamed(hold) && isNamed(wait) ? hold.poolName === wait.poolName : !isElsewhere(hold)),
    );
    waitedNs += wait.end - wait.start;
    seenNs += unionWithin(wait, during);
    connections = Math.max(connections, mostAtOnce(wait, during));
    for (const hold of during) {
      const key = keyOf(hold);
      const known = byKey.get(key) ?? { holds: [], ns: 0 };
      byKey.set(key, known);
      known.holds.push(hold);
      known.ns += within(wait, hold) * hold.share;
      heldNs += within(wait, hold) * hold.share;
    }
  }
  const holders = [...byKey.values()].map(({ holds: same, ns }): ConnectionHolder => {
    const { kind, endpoint, what } = same[0]!;
    const lengths = same.map(({ start, end }) => end - start).sort((a, b) => a - b);
    const share = ns / Math.max(1, heldNs);
    return { kind, endpoint, what, share, heldNs: lengths[(lengths.length - 1) >> 1]! };
  });
  return {
    holders: holders.sort((a, b) => b.share - a.share || (a.endpoint < b.endpoint ? -1 : 1)),
    waits: waits.length,
    seenShare: seenNs / Math.max(1, waitedNs),
    connections,
  };
}

function isNamed({ poolName }: WaitedFor): boolean {
  return poolName !== "";
}

function keyOf({ pool, endpoint, what }: HeldBy): string {
  return `${pool}\n${endpoint}\n${what}`;
}

/** Callbacks come late, and clocks tick: by less nobody is passed. */
const passedByNs = 5e6;

/**
 * Where spans don't name their pool: pools serve in order. A request that asks after another and has its connection before it
 * did not stand in its queue:
 *
 *   GET /supplier   |··············waits··············|──|
 *   GET /roomy            |────────|                        <- of another pool, and so are all of this endpoint
 *
 * A call that was seen to wait until after them stays, whatever else its endpoint does.
 */
function toElsewhere(
  measured: readonly WaitedFor[],
  holds: readonly HeldBy[],
): (hold: HeldBy) => boolean {
  const passing = new Set<string>();
  const queued = new Set<string>();
  const hasWaited = (hold: HeldBy) => hold.start > hold.askedAt;
  for (const hold of holds.filter((each) => each.isFirst || hasWaited(each))) {
    const behind = measured.filter((wait) => asksBehind(hold, wait));
    const isBefore = ({ end }: WaitedFor) => hold.start + passedByNs <= end;
    if (hold.isFirst && behind.some(isBefore)) passing.add(`${hold.pool}\n${hold.endpoint}`);
    if (hasWaited(hold) && !behind.every(isBefore)) queued.add(keyOf(hold));
  }
  return (hold) => passing.has(`${hold.pool}\n${hold.endpoint}`) && !queued.has(keyOf(hold));
}

/** While the other waits already. */
function asksBehind({ pool, askedAt }: HeldBy, wait: WaitedFor): boolean {
  return wait.pool === pool && wait.start + passedByNs <= askedAt && askedAt < wait.end;
}

function within(wait: Interval, hold: Interval): number {
  return Math.max(0, Math.min(wait.end, hold.end) - Math.max(wait.start, hold.start));
}

function unionWithin(wait: Interval, holds: readonly Interval[]): number {
  let sum = 0;
  let until = wait.start;
  for (const { start, end } of holds.toSorted((a, b) => a.start - b.start)) {
    const [from, to] = [Math.max(start, until), Math.min(end, wait.end)];
    sum += Math.max(0, to - from);
    until = Math.max(until, to);
  }
  return sum;
}

function mostAtOnce(wait: Interval, holds: readonly Interval[]): number {
  const edges = holds
    .flatMap(({ start, end }) => [
      { at: Math.max(start, wait.start), step: 1 },
      { at: Math.min(end, wait.end), step: -1 },
    ])
    .sort((a, b) => a.at - b.at || a.step - b.step);
  let open = 0;
  let most = 0;
  for (const { step } of edges) {
    open += step;
    most = Math.max(most, open);
  }
  return most;
}
