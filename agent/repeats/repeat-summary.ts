import type { ParamsHash } from "../evidence/params-hash.ts";
import { AttributeKey } from "../tracing/attribute-key.ts";
import type { AttributeWriter } from "../tracing/attribute-writer.ts";
import {
  RecordedSpan,
  type Repeat,
  type SpanDetail,
  type SpanSink,
} from "../tracing/recorded-span.ts";
import { DistinctCount } from "./distinct-count.ts";
import { IntervalUnion } from "./interval-union.ts";

const key = {
  repeats: new AttributeKey("culprit.repeats"),
  durationSum: new AttributeKey("culprit.repeat.duration_sum_ns"),
  durationUnion: new AttributeKey("culprit.repeat.duration_union_ns"),
  durationMin: new AttributeKey("culprit.repeat.duration_min_ns"),
  durationMax: new AttributeKey("culprit.repeat.duration_max_ns"),
  distinctParams: new AttributeKey("culprit.repeat.distinct_params"),
  returnedRows: new AttributeKey("db.response.returned_rows"),
  paramsHash: new AttributeKey("culprit.params_hash"),
};

/**
 * Calls of one statement as one span: from the first start to the last end, with how many they are and how long they
 * took. A single call stays the span that it is.
 */
export class RepeatSummary implements SpanDetail {
  readonly #span: RecordedSpan;
  readonly #repeat: Repeat;
  readonly #isOfSameParams: boolean;
  readonly #distinct: DistinctCount | undefined;
  readonly #union = new IntervalUnion();
  #count = 0;
  #startMs = Number.POSITIVE_INFINITY;
  #endMs = 0;
  #sumMs = 0;
  #minMs = Number.POSITIVE_INFINITY;
  #maxMs = 0;
  /** -1: of some call it is not known. */
  #rows = 0;
  #isParamsKnown = true;

  /** The first call stands for the others in what they have in common. */
  constructor(span: RecordedSpan, repeat: Repeat, isOfSameParams: boolean) {
    this.#span = span;
    this.#repeat = repeat;
    this.#isOfSameParams = isOfSameParams;
    this.#distinct = isOfSameParams ? undefined : new DistinctCount();
    this.add(span, repeat);
  }

  add({ startMs, endMs }: RecordedSpan, { paramsHash, rows }: Repeat): void {
    const durationMs = endMs - startMs;
    this.#count += 1;
    this.#startMs = Math.min(this.#startMs, startMs);
    this.#endMs = Math.max(this.#endMs, endMs);
    this.#sumMs += durationMs;
    this.#minMs = Math.min(this.#minMs, durationMs);
    this.#maxMs = Math.max(this.#maxMs, durationMs);
    this.#union.add(startMs, endMs);
    this.#rows = this.#rows < 0 || rows < 0 ? -1 : this.#rows + rows;
    if (paramsHash === undefined) this.#isParamsKnown = false;
    else this.#distinct?.add(paramsHash.high);
  }

  /** Whether these are the parameters of its calls. */
  isOf({ high, low }: ParamsHash): boolean {
    const own = this.#repeat.paramsHash;
    return own !== undefined && own.low === low && own.high === high;
  }

  /** Hands the span to `sink`, as a span that has just ended. */
  send(sink: SpanSink): void {
    if (this.#count === 1) {
      this.#span.detail = this.#repeat;
      sink.add(this.#span);
      return;
    }
    const { trace, parent0, parent1, name, kind, scope } = this.#span;
    const parent = parent0 === 0 && parent1 === 0 ? undefined : { id0: parent0, id1: parent1 };
    const startMs = this.#startMs;
    const summary = new RecordedSpan(sink, trace, parent, { name, kind, startMs, scope });
    summary.detail = this;
    summary.endAt(this.#endMs);
  }

  write(writer: AttributeWriter): void {
    this.#repeat.writeShared(writer);
    writer.integer(key.repeats, this.#count);
    writer.integer(key.durationSum, toNs(this.#sumMs));
    writer.integer(key.durationUnion, toNs(this.#union.length));
    writer.integer(key.durationMin, toNs(this.#minMs));
    writer.integer(key.durationMax, toNs(this.#maxMs));
    if (this.#rows >= 0) writer.integer(key.returnedRows, this.#rows);
    writer.integer(key.distinctParams, this.#distinctParams());
    const { paramsHash } = this.#repeat;
    if (this.#isOfSameParams && paramsHash !== undefined) {
      writer.hex(key.paramsHash, paramsHash.high, paramsHash.low);
    }
  }

  /** 0: not known. */
  #distinctParams(): number {
    if (!this.#isParamsKnown) return 0;
    return Math.min(this.#distinct?.estimate ?? 1, this.#count);
  }
}

function toNs(ms: number): number {
  return Math.round(ms * 1e6);
}
