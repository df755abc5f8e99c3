import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RemoteParent } from "./local-trace.ts";
import { keptShareOf } from "./ot-trace-state.ts";
import { createSampler, type SamplerName } from "./sampler.ts";
import { Tracing } from "./tracing.ts";

const sink = { add: () => undefined, scopeOf: () => 0 };
const start = (name: SamplerName, ratio = 1) => new Tracing(sink, createSampler(name, ratio), "1");

/** `randomness`: the last 56 bits of the trace's id, of which only the first 24 are given. */
function parent(randomness: number, traceState: string, isSampled = true): RemoteParent {
  const trace = [1, 2, (0xab000000 | randomness) >>> 0, 4] as const;
  return { trace, span: [5, 6], isSampled, traceState };
}

describe("a trace that a caller began", () => {
  it("is followed by a parent-based sampler, with the caller's threshold", () => {
    const tracing = start("parentbased_traceidratio", 0.1);
    for (const isSampled of [true, false]) {
      const trace = tracing.startTrace(parent(0, "ot=th:8,vendor=1", isSampled));
      expect(trace).toMatchObject({ isSampled, traceState: "ot=th:8,vendor=1" });
    }
  });

  it("that is kept for sure stands for itself alone, whatever the caller's sampler left out", () => {
    const trace = start("always_on").startTrace(parent(0, "ot=th:8,vendor=1"));
    expect(trace).toMatchObject({ isSampled: true, traceState: "vendor=1" });
  });

  it("is kept by its randomness, and says by which threshold", () => {
    const tracing = start("traceidratio", 0.5);
    expect(tracing.startTrace(parent(0x800000, "ot=th:c"))).toMatchObject({
      isSampled: true,
      traceState: "ot=th:8",
    });
    expect(tracing.startTrace(parent(0x7fffff, "ot=th:c"))).toMatchObject({
      isSampled: false,
      traceState: "",
    });
  });

  it("has the randomness that its trace state names, if it names one", () => {
    const tracing = start("traceidratio", 0.5);
    expect(tracing.startTrace(parent(0, "ot=rv:ffffffffffffff")).isSampled).toBe(true);
    expect(tracing.startTrace(parent(0xffffff, "ot=rv:00000000000000")).isSampled).toBe(false);
  });
});

describe("traces that begin here", () => {
  it("are as many, by what each stands for, as there would be without a sampler", () => {
    for (const ratio of [1, 0.5, 0.2]) {
      const tracing = start("parentbased_traceidratio", ratio);
      let sum = 0;
      for (let i = 0; i < 20_000; i += 1) {
        const { isSampled, traceState } = tracing.startTrace(undefined);
        if (isSampled) sum += 1 / keptShareOf(traceState);
      }
      expect(Math.abs(sum / 20_000 - 1)).toBeLessThan(0.1);
    }
  });

  it("are kept by one process whenever another with a smaller ratio keeps them", () => {
    fc.assert(
      fc.property(fc.nat(0xffffff), fc.constantFrom(0.5, 0.25, 0.1), (randomness, ratio) => {
        const small = start("traceidratio", ratio / 2).startTrace(parent(randomness, ""));
        const large = start("traceidratio", ratio).startTrace(parent(randomness, ""));
        expect(small.isSampled && !large.isSampled).toBe(false);
      }),
    );
  });

  it("are not kept any more once the agent has left, whoever still holds a tracer", () => {
    const tracing = start("always_on");
    const tracer = tracing.getTracer("shop");
    tracing.stop();
    expect(tracer.startSpan("late").isRecording()).toBe(false);
    expect(tracing.startTrace(parent(0, "")).isSampled).toBe(false);
  });
});
