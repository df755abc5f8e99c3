import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildTrace, type SpanNode } from "../../test/support/trace-builder.ts";
import { spanKind, type TraceView } from "../model/trace-view.ts";
import { criticalPath } from "./critical-path.ts";

/** The cases of two public projects; test/fixtures/critical-path/README.md says where they come from. */
const fixtures = join(import.meta.dirname, "../../test/fixtures/critical-path");

describe("Jaeger's cases, exact sections", () => {
  const names = readdirSync(join(fixtures, "jaeger"));
  test("all are here", () => expect(names).toHaveLength(9));

  test.each(names)("%s", (name) => {
    const { spans, expectedSections } = read<JaegerCase>("jaeger", name);
    const trace = toTrace(
      spans.map(({ spanID, parentSpanID, kind, startTime, duration, service }) => ({
        id: spanID,
        parent: parentSpanID,
        kind: spanKind[kind.toLowerCase() as keyof typeof spanKind],
        service,
        startTime,
        duration,
      })),
    );
    const origin = Math.min(...spans.map(({ startTime }) => startTime));
    const sections = criticalPath(trace).map(({ span, start, end }) => ({
      spanID: trace.name[span],
      sectionStart: start / 1000 + origin,
      sectionEnd: end / 1000 + origin,
    }));
    expect(sections).toEqual(expectedSections.toSorted((a, b) => a.sectionStart - b.sectionStart));
  });
});

describe("CRISP's cases, time on the path by span", () => {
  const names = readdirSync(join(fixtures, "crisp"));
  const countedTwice = ["10.json", "19.json", "20.json", "21.json"];
  test("all are here", () => expect(names).toHaveLength(33));

  test.each(names.filter((name) => !countedTwice.includes(name)))("%s: exact", (name) => {
    const { trace, crisp } = readCrisp(name);
    const expected = Object.entries(crisp.exclusive_by_span).filter(([, time]) => time > 0);
    expect(timeBySpan(trace)).toEqual(Object.fromEntries(expected));
  });

  test.each(countedTwice)("%s: the same spans, and nothing counted twice", (name) => {
    const { trace, crisp } = readCrisp(name);
    const time = timeBySpan(trace);
    expect(Object.keys(time).sort()).toEqual(crisp.critical_path_span_ids.toSorted());
    const root = trace.roots[0]!;
    const sum = Object.values(time).reduce((a, b) => a + b, 0);
    expect(sum).toBe((trace.end[root]! - trace.start[root]!) / 1000);
  });
});

interface Span {
  readonly id: string;
  readonly parent: string | null;
  readonly kind: number;
  readonly service: string;
  readonly startTime: number;
  readonly duration: number;
}

interface JaegerCase {
  readonly spans: readonly {
    readonly spanID: string;
    readonly parentSpanID: string | null;
    readonly kind: string;
    readonly startTime: number;
    readonly duration: number;
    readonly service: string;
  }[];
  readonly expectedSections: readonly {
    readonly spanID: string;
    readonly sectionStart: number;
    readonly sectionEnd: number;
  }[];
}

interface CrispCase {
  readonly trace: readonly {
    readonly spans: readonly {
      readonly spanID: string;
      readonly references: readonly { readonly refType: string; readonly spanID: string }[];
      readonly processID: string;
      readonly startTime: number;
      readonly duration: number;
    }[];
  }[];
  readonly crisp_computed: {
    readonly exclusive_by_span: Readonly<Record<string, number>>;
    readonly critical_path_span_ids: readonly string[];
  };
}

function readCrisp(name: string) {
  const { trace, crisp_computed } = read<CrispCase>("crisp", name);
  const spans = trace[0]!.spans.map(({ spanID, references, processID, startTime, duration }) => ({
    id: spanID,
    parent: references.find(({ refType }) => refType === "CHILD_OF")?.spanID ?? null,
    kind: spanKind.internal,
    service: processID,
    startTime,
    duration,
  }));
  return { trace: toTrace(spans), crisp: crisp_computed };
}

function read<Case>(...path: readonly string[]): Case {
  return JSON.parse(readFileSync(join(fixtures, ...path), "utf8"));
}

function timeBySpan(trace: TraceView): Record<string, number> {
  const time: Record<string, number> = {};
  for (const { span, start, end } of criticalPath(trace)) {
    const name = trace.name[span]!;
    time[name] = (time[name] ?? 0) + (end - start) / 1000;
  }
  return time;
}

/** Microseconds to a trace whose spans are named for their ids. */
function toTrace(spans: readonly Span[]): TraceView {
  const toNode = (span: Span): SpanNode => [
    { name: span.id, kind: span.kind, service: span.service, resourceId: span.service },
    span.startTime / 1000,
    (span.startTime + span.duration) / 1000,
    ...spans.filter(({ parent }) => parent === span.id).map(toNode),
  ];
  return buildTrace(toNode(spans.find(({ parent }) => parent === null)!));
}
