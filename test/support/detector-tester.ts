import { describe, expect, test } from "vitest";
import type { GuardId, Observation, TraceDetector } from "../../analyzers/detector.ts";
import type { Confidence } from "../../analyzers/model/finding.ts";
import type { TraceView } from "../../analyzers/model/trace-view.ts";

/** Cases of one detector: a trace, and what it must say, or why it must keep quiet. */
export interface DetectorCases {
  /** Nothing is reported. With a guard: and that guard held it back. */
  readonly quiet: Readonly<Record<string, TraceView | readonly [TraceView, GuardId]>>;
  /** Exactly one observation with this summary and, when given, this confidence. */
  readonly finds: Readonly<Record<string, readonly [TraceView, summary: string, Confidence?]>>;
}

export function testDetector<Options>(
  { meta, detect }: TraceDetector<Options>,
  { quiet, finds }: DetectorCases,
): void {
  const observe = (trace: TraceView) => {
    const observations = detect(trace, meta.defaults);
    for (const observation of observations) expectSound(trace, observation);
    return {
      loud: observations.filter(({ suppressedBy }) => suppressedBy === undefined),
      guards: observations.flatMap(({ suppressedBy }) => suppressedBy ?? []),
    };
  };

  describe(`${meta.id} is quiet`, () => {
    for (const [title, quietCase] of Object.entries(quiet)) {
      const [trace, guard] = "traceId" in quietCase ? [quietCase] : quietCase;
      test(title, () => {
        const { loud, guards } = observe(trace);
        expect(loud.map(({ summary }) => summary)).toEqual([]);
        expect(guards).toEqual(guard === undefined ? [] : [guard]);
      });
    }
  });

  describe(`${meta.id} finds`, () => {
    for (const [title, [trace, summary, confidence]] of Object.entries(finds)) {
      test(title, () => {
        const { loud } = observe(trace);
        expect(loud.map((observation) => observation.summary)).toEqual([summary]);
        if (confidence !== undefined) expect(loud[0]!.confidence).toBe(confidence);
      });
    }
  });
}

/** What holds for every observation of every detector. */
function expectSound(trace: TraceView, observation: Observation): void {
  const { spans, endpointSpan, repeats, identity, fix } = observation;
  expect(spans.length).toBeGreaterThan(0);
  expect(spans).toEqual([...new Set(spans)].sort((a, b) => a - b));
  for (const span of [endpointSpan, ...spans]) expect(trace.name[span]).toBeDefined();
  expect(repeats).toBe(spans.reduce((sum, span) => sum + trace.repeats[span]!, 0));
  expect(identity.every((part) => typeof part === "string")).toBe(true);
  expect(fix.length).toBeGreaterThan(0);
}
