import { oncePerTrace } from "../facts/once-per-trace.ts";
import { childrenOf, durationNs, type SpanIndex, type TraceView } from "../model/trace-view.ts";

/** In the clock of the trace. */
interface Piece {
  readonly start: number;
  readonly end: number;
}

/** Where nothing else tells how a loop's calls took turns, a summary span is cut into so many pieces. */
const turnsMax = 8;
/** A loop that takes turns with others waits for them for so much of its time at least. */
const gapShareMin = 0.1;
/** What ran in the gaps between calls is no longer than they are, but for the ticks of a clock. */
const fitShareMax = 1.1;

/**
 * When the calls of summary spans ran, of those whose loop made other calls in turns with them. As one span they would seem
 * to run at the same time as the others, and nothing would move up when one of them is gone:
 *
 *   as they were   |a||b||a||b||a||b||a||b|      as one span each   |═══════════a═══════|
 *   in pieces      |─a─||─b─||─a─||─b─|                                |═══════════b═══════|
 *
 * A summary span that is not here ran in one piece.
 */
export const summaryPieces = oncePerTrace((trace): ReadonlyMap<SpanIndex, readonly Piece[]> => {
  const pieces = new Map<SpanIndex, readonly Piece[]>();
  for (let span = 0; span < trace.size; span++) {
    if (trace.repeats[span]! < 2 || trace.parent[span] === -1) continue;
    const gapsNs = durationNs(trace, span) - runningNs(trace, span);
    if (gapsNs < gapShareMin * durationNs(trace, span)) continue;
    const beside = besidesOf(trace, span);
    const besideNs = beside.reduce((sum, other) => sum + overlapNs(trace, span, other), 0);
    if (besideNs > 0 && besideNs <= fitShareMax * gapsNs) {
      pieces.set(span, cut(trace, span, beside));
    }
  }
  return pieces;
});

/** Time in which a call of it ran. */
function runningNs(trace: TraceView, span: SpanIndex): number {
  return trace.repeatDurationUnionNs[span]! || durationNs(trace, span);
}

function besidesOf(trace: TraceView, span: SpanIndex): SpanIndex[] {
  return [...childrenOf(trace, trace.parent[span]!)].filter(
    (other) =>
      other !== span &&
      trace.start[other]! < trace.end[span]! &&
      trace.end[other]! > trace.start[span]!,
  );
}

/** For how long `other`'s calls ran while `span` was under way. */
function overlapNs(trace: TraceView, span: SpanIndex, other: SpanIndex): number {
  const from = Math.max(trace.start[span]!, trace.start[other]!);
  const until = Math.min(trace.end[span]!, trace.end[other]!);
  const share = runningNs(trace, other) / Math.max(1, durationNs(trace, other));
  return (until - from) * share;
}

function cut(trace: TraceView, span: SpanIndex, beside: readonly SpanIndex[]): Piece[] {
  const isSummary = (other: SpanIndex) => trace.repeats[other]! > 1;
  const loops = [span, ...beside.filter(isSummary)].sort((a, b) => a - b);
  const whole = beside.filter((other) => !isSummary(other));
  const slots = whole.length > 0 ? slotsBetween(trace, span, whole) : turnsOf(trace, loops);
  const slotsNs = slots.reduce((sum, { start, end }) => sum + end - start, 0);
  const running = loops.map((loop) => runningNs(trace, loop));
  const place = loops.indexOf(span);
  const before = running.slice(0, place).reduce((sum, ns) => sum + ns, 0);
  const all = running.reduce((sum, ns) => sum + ns, 0);
  // Each slot holds every loop once, in their order, with what is left of it between them.
  return slots.map(({ start, end }) => {
    const scale = (end - start) / slotsNs;
    const spareNs = Math.max(0, slotsNs - all) / (loops.length + 1);
    const from = start + scale * (before + spareNs * (place + 1));
    return { start: from, end: from + scale * running[place]! };
  });
}

/** What the whole calls leave of the summary's time. */
function slotsBetween(trace: TraceView, span: SpanIndex, whole: readonly SpanIndex[]): Piece[] {
  const slots: Piece[] = [];
  let from = trace.start[span]!;
  for (const other of whole) {
    if (trace.start[other]! > from) slots.push({ start: from, end: trace.start[other]! });
    from = Math.max(from, trace.end[other]!);
  }
  if (trace.end[span]! > from) slots.push({ start: from, end: trace.end[span]! });
  return slots;
}

/** The time of all loops in equal parts. */
function turnsOf(trace: TraceView, loops: readonly SpanIndex[]): Piece[] {
  const start = Math.min(...loops.map((loop) => trace.start[loop]!));
  const end = Math.max(...loops.map((loop) => trace.end[loop]!));
  const turns = Math.min(turnsMax, ...loops.map((loop) => trace.repeats[loop]!));
  const turnNs = (end - start) / turns;
  return Array.from({ length: turns }, (_, i) => ({
    start: start + i * turnNs,
    end: start + (i + 1) * turnNs,
  }));
}
