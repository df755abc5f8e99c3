import { createRandom } from "../../../analyzers/gain/random.ts";
import { independentArrivalTimes } from "../../demo/arrival-times.ts";
import { type LoadReport, runLoad } from "../../demo/load.ts";
import type { GainCase, Level } from "./gain-cases.ts";

export interface CaseRun {
  readonly baseUrl: string;
  readonly level: Level;
  /** Requests to each form, all slices together. */
  readonly requests: number;
}

/** Slices of load, faulty and fixed; in this order a drift of the machine falls on both alike. Of two, requests arrive at the same moments. */
const slices = ["faulty", "fixed", "fixed", "faulty"] as const;

/** Asks both forms of the endpoint, one after the other, in an open loop. Throws when an answer fails: it would be missing. */
export async function runCase(gainCase: GainCase, run: CaseRun): Promise<void> {
  const perSecond = gainCase.perSecond[run.level];
  const durationMs = (1000 * run.requests) / 2 / perSecond;
  for (const [slice, form] of slices.entries()) {
    const { route, path } = gainCase[form];
    const pair = Math.floor(slice / 2);
    const offset = pair * 7_919;
    const target = {
      baseUrl: run.baseUrl,
      method: gainCase.method,
      route,
      path: (n: number) => path(n + offset),
      perSecond,
    };
    const [report] = await runLoad({
      targets: [target],
      durationMs,
      arrivals: (rate, duration) =>
        independentArrivalTimes(rate, duration, createRandom(`${gainCase.name} ${pair}`)),
    });
    if (report) assertSound(gainCase, form, report);
  }
}

function assertSound({ name }: GainCase, form: string, { failed, skipped, sent }: LoadReport) {
  if (failed + skipped === 0) return;
  throw new Error(
    `${name}, ${form}: of ${sent} requests ${failed} failed, ${skipped} were skipped`,
  );
}
