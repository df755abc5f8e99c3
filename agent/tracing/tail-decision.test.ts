import { describe, expect, it } from "vitest";
import { StatementCounts } from "../evidence/statement-counts.ts";
import { ActiveContext } from "./active-context.ts";
import { keptShareOf } from "./ot-trace-state.ts";
import type { RecordedSpan } from "./recorded-span.ts";
import { createSampler } from "./sampler.ts";
import { TailDecision } from "./tail-decision.ts";
import { Tracing } from "./tracing.ts";

interface RequestOptions {
  readonly name?: string;
  readonly durationMs?: number;
  readonly isFailed?: boolean;
  readonly repeats?: number;
  readonly calls?: number;
}

/** Requests of a process that decides at their end; `sent` is what leaves it. */
function start(ratio: number, headRatio = 1) {
  const sent: RecordedSpan[] = [];
  const sink = { add: (span: RecordedSpan) => void sent.push(span), scopeOf: () => 0 };
  const tail = new TailDecision(sink, ratio);
  const tracing = new Tracing(tail, createSampler("parentbased_traceidratio", headRatio), "1");
  const open = (name = "GET /") => tracing.startSpan(undefined, name, 2);
  const call = (root: RecordedSpan) => tracing.startSpan(new ActiveContext(root), "SELECT", 3);
  const request = ({ name, durationMs = 10, isFailed, repeats = 1, calls = 1 }: RequestOptions) => {
    const root = open(name);
    for (let i = 0; i < calls; i += 1) {
      const span = call(root);
      if (isFailed) span.setStatus({ code: 2 });
      span.endAt(root.startMs + 1);
    }
    root.trace.repeats = new StatementCounts(10);
    for (let i = 0; i < repeats; i += 1) root.trace.repeats.add("SELECT");
    root.endAt(root.startMs + durationMs);
    return root;
  };
  const roots = () => sent.filter(({ kind }) => kind === 2);
  return { tail, sent, roots, open, call, request };
}

const weightOf = ({ trace }: RecordedSpan) => 1 / keptShareOf(trace.sentState);

describe("a tail decision", () => {
  it("keeps the first ten requests of a route, and then those that failed, were slow or repeat a call", () => {
    const { roots, request } = start(0);
    // What is usual is learned from the first, so that none of the others is slow.
    for (let i = 0; i < 100; i += 1) request({ durationMs: i === 0 ? 10 : 5 });
    expect(roots()).toHaveLength(10);
    const kept = [
      request({ isFailed: true }),
      request({ durationMs: 500 }),
      request({ durationMs: 5, repeats: 5 }),
      request({ name: "GET /rare" }),
    ];
    request({ durationMs: 5, repeats: 4 });
    expect(roots().slice(10)).toEqual(kept);
    for (const root of roots()) expect(root.trace.sentState).toBe("");
  });

  it("sends all spans of a request or none, those that end after it included", () => {
    const { sent, open, call, request } = start(0);
    for (let i = 0; i < 10; i += 1) request({});
    sent.length = 0;
    const [left, kept] = [open(), open("GET /rare")];
    const late = [call(left), call(kept)];
    call(left).end();
    call(kept).end();
    left.endAt(left.startMs + 1);
    kept.endAt(kept.startMs + 1);
    for (const span of late) span.end();
    expect(sent.map(({ trace }) => trace)).toEqual([kept.trace, kept.trace, kept.trace]);
  });

  it.each([
    [0.1, 1],
    [0.25, 0.5],
  ])(
    "of other requests keeps %d, beside a sampler that keeps %d, and says what each stands for",
    (ratio, headRatio) => {
      const { roots, request } = start(ratio, headRatio);
      const requests = 20_000;
      for (let i = 0; i < requests; i += 1) request({ isFailed: i % 20 === 0 });
      const counted = roots().reduce((sum, root) => sum + weightOf(root), 0);
      expect(counted / requests).toBeGreaterThan(0.9);
      expect(counted / requests).toBeLessThan(1.1);
      const weights = [...new Set(roots().map(weightOf))].sort((a, b) => a - b);
      expect(weights).toHaveLength(2);
      expect(weights[0]).toBeCloseTo(1 / headRatio);
      expect(weights[1]).toBeCloseTo(1 / headRatio / ratio, 3);
    },
  );

  it("tells a called service nothing of it: that has its own", () => {
    const { roots, request } = start(0.5);
    for (let i = 0; i < 200; i += 1) request({});
    for (const { trace } of roots()) expect(trace.traceState).toBe("");
  });

  it("keeps a request that makes more spans than are held back", () => {
    const { sent, request } = start(0);
    for (let i = 0; i < 10; i += 1) request({});
    sent.length = 0;
    request({ calls: 3_000 });
    expect(sent).toHaveLength(3_001);
  });

  it("decides on the oldest requests when all of them hold too much", () => {
    const { sent, open, call } = start(0);
    for (let i = 0; i < 100; i += 1) {
      const root = open();
      for (let j = 0; j < 900; j += 1) {
        const span = call(root);
        if (i === 0) span.setStatus({ code: 2 });
        span.end();
      }
    }
    // The one that failed; the others, whose end nobody has seen, are left out as far as they had to be decided.
    expect(sent).toHaveLength(900);
  });

  it("decides on what is open when the process ends", () => {
    const { tail, sent, open, call } = start(0);
    const [failing, fine] = [open(), open()];
    call(failing).setStatus({ code: 2 }).end();
    call(fine).end();
    tail.decideAll();
    expect(sent.map(({ trace }) => trace)).toEqual([failing.trace]);
  });
});
