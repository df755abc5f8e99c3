import type { TraceDetector } from "../detector.ts";
import type { EndpointWindow } from "./endpoint-requests.ts";
import { sampleEndpoint } from "./endpoint-sample.ts";
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
  const lasting: Each[] = [];
  for (const each of seen) {
    const { detector, window, totals } = each;
    const { shape }: OccurrenceEvidence = JSON.parse(totals.latestEvidence);
    if (detector.isPassing && shape !== null) {
      const sample = await sampleEndpoint(store, window, { fromS, toS: window.toS }, cache);
      const traces = sample.map(({ trace }) => trace);
      if (detector.isPassing(traces, shape.id, detector.meta.defaults)) continue;
    }
    lasting.push(each);
  }
  return lasting;
}
