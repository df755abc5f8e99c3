import type { ProtobufReader } from "./protobuf-reader.ts";
import { Ranges } from "./ranges.ts";

/** What a metric is, as `metric_points.kind` numbers it; 0: of a kind that we don't know, or without data. */
export const metricKind = {
  unknown: 0,
  gauge: 1,
  sum: 2,
  histogram: 3,
  exponentialHistogram: 4,
  summary: 5,
} as const;

/** Kinds by the field of Metric that holds their data. */
const kindByField: Readonly<Record<number, number>> = {
  5: metricKind.gauge,
  7: metricKind.sum,
  9: metricKind.histogram,
  10: metricKind.exponentialHistogram,
  11: metricKind.summary,
};

/** Highest AggregationTemporality; a higher one is newer than we are, and stored as unspecified. */
const temporalityMax = 2;

/** The fields of one OTLP Metric but its data points, which are noted as a range of the body; reused for each. */
export class MetricMessage {
  nameStart = 0;
  nameEnd = 0;
  descriptionStart = 0;
  descriptionEnd = 0;
  unitStart = 0;
  unitEnd = 0;
  kind: number = metricKind.unknown;
  /** Of the Gauge, Sum … that holds the points. */
  dataStart = 0;
  dataEnd = 0;
  temporality = 0;
  isMonotonic = false;
  readonly metadata: Ranges = new Ranges();

  /** Reads the message between the reader's cursor and `end`, and leaves the cursor anywhere. */
  read(reader: ProtobufReader, end: number, attributesMax: number): void {
    this.#clear();
    this.metadata.reset(attributesMax);
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if ((tag & 7) !== 2) {
        reader.skip(tag, end);
        continue;
      }
      const stop = reader.readEnd(end);
      this.#takeRange(tag >>> 3, reader.at, stop);
      reader.at = stop;
    }
    reader.at = this.dataStart;
    this.#readData(reader, this.dataEnd);
  }

  #takeRange(field: number, start: number, end: number): void {
    switch (field) {
      case 1:
        this.nameStart = start;
        this.nameEnd = end;
        break;
      case 2:
        this.descriptionStart = start;
        this.descriptionEnd = end;
        break;
      case 3:
        this.unitStart = start;
        this.unitEnd = end;
        break;
      case 12:
        this.metadata.add(start, end);
        break;
      default: {
        const kind = kindByField[field];
        if (kind === undefined) return;
        this.kind = kind;
        this.dataStart = start;
        this.dataEnd = end;
      }
    }
  }

  /** What may follow the points that it applies to. Gauge and Summary have neither of these fields. */
  #readData(reader: ProtobufReader, end: number): void {
    while (reader.at < end) {
      const tag = reader.readTag(end);
      if (tag === 0x10) {
        const temporality = reader.readVarint(end);
        this.temporality = temporality > temporalityMax ? 0 : temporality;
      } else if (tag === 0x18) {
        this.isMonotonic = reader.readVarint(end) !== 0;
      } else {
        reader.skip(tag, end);
      }
    }
  }

  #clear(): void {
    this.nameStart = this.nameEnd = 0;
    this.descriptionStart = this.descriptionEnd = 0;
    this.unitStart = this.unitEnd = 0;
    this.kind = metricKind.unknown;
    this.dataStart = this.dataEnd = 0;
    this.temporality = 0;
    this.isMonotonic = false;
  }
}
