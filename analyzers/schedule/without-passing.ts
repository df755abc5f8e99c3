import type { TraceDetector } from "../detector.ts";
import { endpointsAtOnce, sampleEndpoints } from "./endpoint-sample.ts";
import type { EndpointWindow } from "./endpoint-window.ts";
import type { OccurrenceEvidence } from "./occurrence.ts";
import type { RepairOptions } from "./repair-samples.ts";

interface Seen {
  readonly detector: TraceDetector;
  readonly window: EndpointWindow;
  readonly totals: { readonly latestEvidence: string };
}

/**
 * Without those of which the endpoint's traces show that their surroundings made them: traces of the whole time since
 * `fromS`, and not only from the first with the fault to the last.
 */
export async function withoutPassing<Each extends Seen>(
  { store, cache }: RepairOptions,
  seen: readonly Each[],
  fromS: number,
): Promise<Each[]> {
  const doubtful = seen.filter(({ detector, totals }) => detector.isPassing && shapeOf(totals));
  const passing = new Set<Each>();
  for (let at = 0; at < doubtful.length; at += endpointsAtOnce) {
    const some = doubtful.slice(at, at + endpointsAtOnce);
    const windows = some.map(({ window }) => ({ ...window, fromS }));
    const samples = await sampleEndpoints(store, windows, cache);
    for (const [i, each] of some.entries()) {
      const traces = samples[i]!.map(({ trace }) => trace);
      const { detector, totals } = each;
      if (detector.isPassing!(traces, shapeOf(totals)!, detector.meta.defaults)) passing.add(each);
    }
  }
  return seen.filter((each) => !passing.has(each));
}

/** What is called; undefined: the finding is about the endpoint itself. */
export function shapeOf({ latestEvidence }: Seen["totals"]): string | undefined {
  const { shape }: OccurrenceEvidence = JSON.parse(latestEvidence);
  return shape?.id;
}
