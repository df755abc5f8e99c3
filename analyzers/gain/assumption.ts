import type { TraceChange } from "../detector.ts";

/**
 * What is assumed of the calls once they are changed. A merged call waits for a connection as long as the call that waited least,
 * takes as long as one of the calls and a share of what all of them took, for its rows. The gaps between the calls, and
 * what wrapped them one by one, shrink to a share. What can be removed of a span goes by a share. By how much calls slow each
 * other down is learned (`contention.ts`).
 */
export interface Assumption {
  /** What the rows of all calls cost the merged one, over what as many rows of another query of the request took … */
  readonly rowsFactor: number;
  /** … but at least this share of what all calls took … */
  readonly rowsShareMin: number;
  /** … and this share where no other query tells. */
  readonly rowsShare: number;
  /** The share of the calls, the faster ones, that the merged one may be like; 0: it is like the fastest. */
  readonly sequentialShare: number;
  /** The same of calls at once. */
  readonly concurrentShare: number;
  /** Of the least wait for a connection, beside the share of it that is the calls' own doing. */
  readonly sharedWaitShare: number;
  readonly gapShare: number;
  readonly spedUpShare: number;
  /** The same of a query that returns few rows: an index leads to them. */
  readonly foundShare: number;
  readonly waitShare: number;
  /** Of a query that reads a page: what of its time goes at most, however small the page is. */
  readonly pagedShareMax: number;
  /** The page, over the largest that nobody would mind. */
  readonly pageShare: number;
  /** Of the waiting for others, when they hold what is waited for during `share` of the time. */
  heldLeft(share: number): number;
}

export type Outlook = "pessimistic" | "expected" | "optimistic";

export const assumptions: Readonly<Record<Outlook, Assumption>> = {
  pessimistic: {
    rowsFactor: 1,
    rowsShareMin: 0.1,
    rowsShare: 0.1,
    sequentialShare: 1,
    concurrentShare: 1,
    sharedWaitShare: 1,
    gapShare: 1,
    spedUpShare: 0.5,
    foundShare: 0.8,
    waitShare: 0.5,
    pagedShareMax: 0.5,
    pageShare: 1,
    // In a queue where everybody is served in the share of the time, nobody waits longer than this share.
    heldLeft: (share) => share,
  },
  expected: {
    rowsFactor: 1 / 3,
    rowsShareMin: 0,
    rowsShare: 0.02,
    sequentialShare: 1,
    concurrentShare: 0.5,
    sharedWaitShare: 0,
    gapShare: 0.1,
    spedUpShare: 0.8,
    foundShare: 0.98,
    waitShare: 0.9,
    pagedShareMax: 1,
    pageShare: 0.1,
    // With requests at random, one is served so much faster, and meets another so much less often.
    heldLeft: (share) => share * share,
  },
  optimistic: {
    rowsFactor: 0,
    rowsShareMin: 0,
    rowsShare: 0,
    sequentialShare: 0.5,
    concurrentShare: 0,
    sharedWaitShare: 0,
    gapShare: 0,
    spedUpShare: 0.95,
    foundShare: 1,
    waitShare: 1,
    pagedShareMax: 1,
    pageShare: 0,
    heldLeft: () => 0,
  },
};

/** How the fix is told, and what is assumed of it: the numbers are those of `assumptions`. */
export const words: Readonly<
  Record<TraceChange["kind"], { readonly fix: string; readonly assumption: string }>
> = {
  "merge-calls": {
    fix: "the calls merged",
    assumption:
      "the merged call takes as long as one of the calls (of calls at once: as one of the faster half, at best as the fastest), plus for its rows 10 % (at worst) to 0 % (at best) of what all calls took; for a connection it waits as long as the call that waited least",
  },
  "drop-repeats": {
    fix: "only the first of the calls made",
    assumption: "the one call that is left takes as long as the first did",
  },
  "make-parallel": {
    fix: "the calls made at the same time",
    assumption:
      "together they take as long as the last of them to end; each takes a share of its server, beside the others and those of other requests",
  },
  "speed-up": {
    fix: "the spans in question made faster",
    assumption:
      "of what the fix can take away, 50 % (at worst) to 95 % (at best) goes away; of a query that returns at most 100 rows 80 % to 100 %, because an index leads to them",
  },
  "read-page": {
    fix: "only a page read and sent",
    assumption:
      "reading, and what comes after it, take as much less as the page has fewer rows or bytes: at worst it is as large as is not reported any more, and half of the query's time stays",
  },
  "remove-wait": {
    fix: "the waiting taken out",
    assumption: "50 % (at worst) to 100 % (at best) of the waiting goes away",
  },
  "hold-shorter": {
    fix: "connections held no longer than their statements take",
    assumption:
      "those who wait for a connection wait for requests like this one: at worst they wait for that share of the time for which it is still held, at best not at all",
  },
};
