import fc from "fast-check";
import type { SpanColumns } from "../../analyzers/model/span-columns.ts";
import type { SpanNode } from "./trace-builder.ts";

/** What a random tree is made of: each span's parent stands before it; times in whole milliseconds. */
export interface ArbitrarySpan {
  readonly parent: number;
  readonly startMs: number;
  readonly endMs: number;
}

export interface ArbitraryOptions {
  /** Length of the root; children have whole milliseconds. */
  readonly rootMs?: number;
  readonly spansMax?: number;
  /** Children stay inside their parent; otherwise they may start before it, outlive it, or miss it. */
  readonly isNested?: boolean;
}

export function arbitrarySpans({
  rootMs = 99,
  spansMax = 30,
  isNested = false,
}: ArbitraryOptions = {}): fc.Arbitrary<ArbitrarySpan[]> {
  const child = fc.record({
    parent: fc.nat(),
    from: fc.double({ min: isNested ? 0 : -0.3, max: 1, noNaN: true }),
    length: fc.double({ min: 0, max: isNested ? 1 : 1.3, noNaN: true }),
  });
  return fc.array(child, { maxLength: spansMax - 1 }).map((children) => {
    const spans: ArbitrarySpan[] = [{ parent: -1, startMs: 0, endMs: rootMs }];
    for (const { parent, from, length } of children) {
      const at = parent % spans.length;
      const { startMs, endMs } = spans[at]!;
      const start = Math.round(startMs + from * (endMs - startMs));
      const room = isNested ? endMs - start : endMs - startMs;
      spans.push({ parent: at, startMs: start, endMs: start + Math.round(length * room) });
    }
    return spans;
  });
}

/** Names are "s0", "s1" … by position, so that spans can be found again in the view. */
export function toNode(
  spans: readonly ArbitrarySpan[],
  { shiftMs = 0, scale = 1 }: { shiftMs?: number; scale?: number } = {},
): SpanNode {
  const nodes: SpanNode[] = spans.map(({ startMs, endMs }, i) => [
    `s${i}`,
    shiftMs + startMs * scale,
    shiftMs + endMs * scale,
  ]);
  for (let i = spans.length - 1; i > 0; i--) {
    const at = spans[i]!.parent;
    const [what, start, end, ...children] = nodes[at]!;
    nodes[at] = [what, start, end, nodes[i]!, ...children];
  }
  return nodes[0]!;
}

export function pickSpans(columns: SpanColumns, order: readonly number[]): SpanColumns {
  return Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [name, order.map((i) => values[i])]),
  ) as unknown as SpanColumns;
}
