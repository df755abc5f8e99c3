import { type KeyValueReader, toAnyValueJson, valueType } from "./any-value.ts";
import type { DecodeRequest } from "./decode-request.ts";
import { Hash64 } from "./hash64.ts";
import type { MetricMessage } from "./metric-message.ts";
import type { Ranges } from "./ranges.ts";
import type { ResourceMessage, ScopeMessage } from "./resource-message.ts";

/**
 * The id of a time series: equal for data points of one metric of one scope of one resource with the same attributes,
 * in whatever order those come. Stored ids depend on it, so what it hashes never changes.
 */
export class SeriesHash {
  lo = 0;
  hi = 0;
  readonly #request: DecodeRequest;
  readonly #keyValue: KeyValueReader;
  readonly #hash = new Hash64();
  readonly #attribute = new Hash64();
  #metricLo = 0;
  #metricHi = 0;

  constructor(request: DecodeRequest, keyValue: KeyValueReader) {
    this.#request = request;
    this.#keyValue = keyValue;
  }

  startMetric(metric: MetricMessage, resource: ResourceMessage, scope: ScopeMessage): void {
    const { body } = this.#request;
    this.#hash
      .start()
      .addNumber(resource.idLo)
      .addNumber(resource.idHi)
      .addBytes(body, scope.nameStart, scope.nameEnd)
      .addBytes(body, metric.nameStart, metric.nameEnd)
      .finish();
    this.#metricLo = this.#hash.lo;
    this.#metricHi = this.#hash.hi;
  }

  /** Fills `lo` and `hi`. A sum of hashes has no order. */
  hash(attributes: Ranges): void {
    let lo = 0;
    let hi = 0;
    for (let i = 0; i < attributes.count; i++) {
      this.#hashAttribute(attributes.starts[i]!, attributes.ends[i]!);
      lo = (lo + this.#attribute.lo) | 0;
      hi = (hi + this.#attribute.hi) | 0;
    }
    this.#hash.start().addNumber(this.#metricLo).addNumber(this.#metricHi);
    this.#hash.addNumber(lo).addNumber(hi).finish();
    this.lo = this.#hash.lo;
    this.hi = this.#hash.hi;
  }

  #hashAttribute(start: number, end: number): void {
    const value = this.#keyValue;
    const { body, limits } = this.#request;
    const hash = this.#attribute.start();
    value.readKeyValue(start, end);
    hash.addBytes(body, value.keyStart, value.keyEnd).addNumber(value.type);
    if (value.type === valueType.string) hash.addBytes(body, value.valueStart, value.valueEnd);
    else hash.addText(toAnyValueJson(value, limits.anyValueDepthMax));
    hash.finish();
  }
}
