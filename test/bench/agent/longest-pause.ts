/** What a function of the agent's took, each time that it ran. */
export interface PlacePauses {
  readonly name: string;
  readonly sumUs: number;
  /** Those that may be the longest. */
  readonly longUs: readonly number[];
}

interface LongestPause {
  readonly name: string;
  readonly us: number;
  /** How often the place took as long, and the loop. */
  readonly times: number;
  readonly loopTimes: number;
}

/** With this probability at most, a place that does no more than the loop has a pause put down to it. */
const chanceMax = 0.001;
/** The machine's pauses come in bursts, of which a place that seldom runs may meet two by chance. */
const timesMin = 5;

/**
 * The longest pause that the agent causes. One that the machine causes meets each place, and the loop beside it, as often as
 * that runs: so a place has a pause of t when it took t or longer more often than the loop makes likely.
 *
 *   of n times that the place or the loop took t or longer, the place's are binomial with p = its share of their time
 */
export function longestPause(places: readonly PlacePauses[], loop: PlacePauses): LongestPause {
  const loopUs = loop.longUs.toSorted((a, b) => b - a);
  const all = places.map((place) => longestOf(place, { ...loop, longUs: loopUs }));
  const none = { name: "none", us: 0, times: 0, loopTimes: 0 };
  return all.reduce((found, pause) => (pause.us > found.us ? pause : found), none);
}

/** `loop.longUs` falls. */
function longestOf({ name, sumUs, longUs }: PlacePauses, loop: PlacePauses): LongestPause {
  const share = sumUs / (sumUs + loop.sumUs);
  let loopTimes = 0;
  let times = 0;
  for (const us of longUs.toSorted((a, b) => b - a)) {
    times += 1;
    while ((loop.longUs[loopTimes] ?? 0) >= us) loopTimes += 1;
    if (times >= timesMin && chanceOf(times, times + loopTimes, share) <= chanceMax) {
      return { name, us, times, loopTimes };
    }
  }
  return { name, us: 0, times, loopTimes };
}

/** That of `count` at least `least` are the place's. */
function chanceOf(least: number, count: number, share: number): number {
  let sum = 0;
  // The logarithm of how likely it is that exactly `k` are.
  let log = count * Math.log1p(-share);
  for (let k = 0; k <= count; k += 1) {
    if (k >= least) sum += Math.exp(log);
    log += Math.log(((count - k) / (k + 1)) * (share / (1 - share)));
  }
  return sum;
}

/** Of several slices of load, or processes: as if it had been one. */
export function mergePlaces(all: readonly PlacePauses[]): readonly PlacePauses[] {
  return [...Map.groupBy(all, ({ name }) => name)].map(([name, parts]) => ({
    name,
    sumUs: parts.reduce((sum, part) => sum + part.sumUs, 0),
    longUs: parts.flatMap(({ longUs }) => longUs),
  }));
}
