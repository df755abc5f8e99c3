import type { TraceChange } from "../detector.ts";
import { callsOfTrace } from "../facts/calls-of-trace.ts";
import type { SpanIndex, TraceView } from "../model/trace-view.ts";
import type { Outlook } from "./assumption.ts";
import { type ServedCall, SharedServer } from "./shared-server.ts";

/** How many times as long a call takes as it did, for what the server does at the same time. */
export type Stretch = Readonly<Record<Outlook, number>>;

export interface Contention {
  /** Of each trace: by span that starts together with others. Absent: not at all. */
  readonly stretches: readonly ReadonlyMap<SpanIndex, Stretch>[];
  /** What was learned of each server, in words. */
  readonly assumptions: readonly string[];
}

interface ChangedTrace {
  readonly trace: TraceView;
  readonly changes: readonly TraceChange[];
}

/**
 * By how much calls slow each other down once they start together. A call takes a share of the server (a database, a service): all of
 * it, half of it if two can be worked on at once, next to nothing if it waits. Where the shares come to more than the server,
 * all calls take longer, also those of requests that come at the same time:
 *
 *   before |────a────|──b──|       after, each takes   a half |────a────|      all of it |────────a──────|
 *                                                             |──b──|                    |─────b────|
 *
 * The share is learned from the sample: with the right one, the calls of a shape were worked on for the same time each, whatever ran
 * beside them. What no trace tells apart stays as likely as it was before.
 */
export function contentionOf(sample: readonly ChangedTrace[]): Contention {
  const stretches = sample.map(() => new Map<SpanIndex, Stretch>());
  const isPlaced = sample.some(({ changes }) => changes.some(isParallel));
  const assumptions: string[] = [];
  for (const [name, ofServer] of isPlaced ? callsByServer(sample) : []) {
    if (!ofServer.some(startsTogether)) continue;
    const calls = longest(ofServer);
    const server = new SharedServer(calls);
    const likely = likelyCapacities(server, calls);
    assumptions.push(toWords(name, likely));
    const taken = likely.map(({ capacity }) => server.replay(server.servedNs(capacity), capacity));
    for (const [i, { traceAt, branch, start, end }] of calls.entries()) {
      if (branch === -1) continue;
      const ratios = taken.map((ns) => Math.max(1, ns[i]! / Math.max(1, end - start)));
      const stretch = toStretch(ratios, likely);
      const other = stretches[traceAt]!.get(branch);
      if (!other || other.expected < stretch.expected) stretches[traceAt]!.set(branch, stretch);
    }
  }
  return { stretches, assumptions };
}

interface PlacedCall extends ServedCall {
  readonly traceAt: number;
  readonly shapeId: string;
  /** The span that starts together with others, and is the call or holds it; -1: none. */
  readonly branch: SpanIndex;
}

function isParallel({ kind }: TraceChange): boolean {
  return kind === "make-parallel";
}

function startsTogether({ branch }: PlacedCall): boolean {
  return branch !== -1;
}

/** What a branch asks of one server is one call: what comes later in it waits for what came before. */
function callsByServer(sample: readonly ChangedTrace[]): Map<string, PlacedCall[]> {
  const placed = sample.flatMap(({ trace, changes }, traceAt) => {
    const sinceFirst = Number(trace.startTimeUnixNano - sample[0]!.trace.startTimeUnixNano);
    const earlierNs = startsEarlier(trace, changes);
    const calls = callsOfTrace(trace).calls.map((span) => ({
      span,
      branch: branchOf(trace, span, earlierNs),
      server: [trace.dbSystemName[span], trace.serverAddress[span]].filter(Boolean).join(" "),
    }));
    const byBranch = Map.groupBy(calls, ({ span, branch, server }) =>
      branch === -1 ? span : `${branch} ${server}`,
    );
    return [...byBranch.values()].map((ofBranch) => {
      const { span: first, branch, server } = ofBranch[0]!;
      const end = ofBranch.reduce((max, { span }) => Math.max(max, trace.end[span]!), 0);
      // The server knows nothing of the wait for a connection.
      const start = Math.min(end, trace.start[first]! + trace.poolWaitNs[first]!);
      const call: PlacedCall = {
        traceAt,
        branch,
        shapeId: trace.shapeId[first]!,
        start: sinceFirst + start,
        end: sinceFirst + end,
        startAfter: sinceFirst + start - (earlierNs.get(branch) ?? 0),
      };
      return { server, call };
    });
  });
  const byServer = Map.groupBy(placed, ({ server }) => server);
  return new Map([...byServer].map(([name, all]) => [name, all.map(({ call }) => call)]));
}

/** By how much each span starts earlier once it starts with the first of its group. */
function startsEarlier(
  trace: TraceView,
  changes: readonly TraceChange[],
): ReadonlyMap<SpanIndex, number> {
  const earlierNs = new Map<SpanIndex, number>();
  for (const { spans } of changes.filter(isParallel)) {
    const first = spans.reduce((min, span) => Math.min(min, trace.start[span]!), Infinity);
    for (const span of spans) earlierNs.set(span, trace.start[span]! - first);
  }
  return earlierNs;
}

function branchOf(
  trace: TraceView,
  call: SpanIndex,
  branches: ReadonlyMap<SpanIndex, number>,
): SpanIndex {
  let span = call;
  while (span !== -1 && !branches.has(span)) span = trace.parent[span]!;
  return span;
}

/** Calls of a sample that are looked at: of more, the shortest are there for moments. */
const callsMax = 10_000;

function longest(calls: readonly PlacedCall[]): readonly PlacedCall[] {
  if (calls.length <= callsMax) return calls;
  const weightOf = (call: PlacedCall) => (startsTogether(call) ? Infinity : call.end - call.start);
  return calls.toSorted((a, b) => weightOf(b) - weightOf(a)).slice(0, callsMax);
}

/**
 * Calls that the server may be able to work on at once, from the fewest on: 1 / the share of it that each takes. Before anything
 * is known, the share is as likely below a quarter as above; its root is even over 0 … 1. Two equal calls then slow each
 * other down by a seventh.
 */
const capacities = Array.from({ length: 100 }, (_, i) => 1 / (1 - (i + 0.5) / 100) ** 2);
/** What is less likely is not replayed. */
const chanceMin = 0.001;

interface Likely {
  /** Infinity: as many as there are. */
  readonly capacity: number;
  readonly chance: number;
}

/** The fewest first; the chances sum to 1. */
function likelyCapacities(server: SharedServer, calls: readonly PlacedCall[]): readonly Likely[] {
  const most = server.atOnceMax();
  const possible = [...capacities.filter((capacity) => capacity < most), Infinity];
  const traces = new Set(calls.filter(startsTogether).map(({ traceAt }) => traceAt)).size;
  const fits = possible.map((capacity) => {
    // Calls of one trace are slow together, and tell as much as one.
    const fit = (-traces / 2) * Math.log(unevenness(calls, server.servedNs(capacity)));
    const alike = capacity === Infinity ? capacities.length - possible.length + 1 : 1;
    return { capacity, fit: fit + Math.log(alike) };
  });
  const best = fits.reduce((max, { fit }) => Math.max(max, fit), -Infinity);
  const likely = fits
    .map(({ capacity, fit }) => ({ capacity, chance: Math.exp(fit - best) }))
    .filter(({ chance }) => chance >= chanceMin);
  const sum = likely.reduce((all, { chance }) => all + chance, 0);
  return likely.map(({ capacity, chance }) => ({ capacity, chance: chance / sum }));
}

/** Durations that differ by a hundredth are equal: that is what clocks and callbacks add. */
const exactness = 0.01;

/** By what part the calls of a shape differ, squared: the mean of those that start together. */
function unevenness(calls: readonly PlacedCall[], served: Float64Array): number {
  const together = calls.flatMap(({ branch, shapeId }, i) =>
    branch === -1 ? [] : { shapeId, log: Math.log(Math.max(1, served[i]!)) },
  );
  let squares = 0;
  for (const ofShape of Map.groupBy(together, ({ shapeId }) => shapeId).values()) {
    const mean = ofShape.reduce((sum, { log }) => sum + log, 0) / ofShape.length;
    squares += ofShape.reduce((sum, { log }) => sum + (log - mean) ** 2, 0);
  }
  return squares / together.length + exactness ** 2;
}

function toStretch(ratios: readonly number[], likely: readonly Likely[]): Stretch {
  const expected = ratios.reduce((sum, ratio, i) => sum + (ratio - 1) * likely[i]!.chance, 1);
  return {
    pessimistic: Math.max(expected, ratios[placeAt(likely, 0.05)]!),
    expected,
    optimistic: Math.min(expected, ratios[placeAt(likely, 0.95)]!),
  };
}

/** The first of which, with those before it, the chance reaches `share`. */
function placeAt(likely: readonly Likely[], share: number): number {
  let left = share;
  const place = likely.findIndex(({ chance }) => {
    left -= chance;
    return left <= 0;
  });
  return place === -1 ? likely.length - 1 : place;
}

function toWords(server: string, likely: readonly Likely[]): string {
  const [worst, middle, best] = [0.05, 0.5, 0.95].map((share) => {
    const { capacity } = likely[placeAt(likely, share)]!;
    return capacity === Infinity ? "all" : capacity.toFixed(1);
  });
  return `of such calls ${server || "their server"} works on ${middle} at once (at worst ${worst}, at best ${best}), as their durations beside others in the sample say; more than that share it`;
}
