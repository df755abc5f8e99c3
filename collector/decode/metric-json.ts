import type { JsonRewriter } from "./json-rewriter.ts";
import { type JsonObject, toObject, toObjects } from "./json-values.ts";

type WritePoint = (rewriter: JsonRewriter, point: JsonObject) => void;

/** The arms of a metric's data: name, field, and what writes a data point of theirs. */
const dataArms: readonly (readonly [name: string, field: number, write: WritePoint])[] = [
  ["gauge", 5, writeNumberPoint],
  ["sum", 7, writeNumberPoint],
  ["histogram", 9, writeHistogramPoint],
  ["exponentialHistogram", 10, writeExponentialHistogramPoint],
  ["summary", 11, writeSummaryPoint],
];

/** The fields of an OTLP Metric. */
export function writeMetric(rewriter: JsonRewriter, metric: JsonObject): void {
  rewriter.writeText(1, metric, "name");
  rewriter.writeText(2, metric, "description");
  rewriter.writeText(3, metric, "unit");
  for (const [name, field, writePoint] of dataArms) {
    const data = toObject(metric[name], name);
    if (data === null) continue;
    rewriter.writeMessage(field, () => {
      for (const point of toObjects(data.dataPoints, "dataPoints")) {
        rewriter.writeMessage(1, () => writePoint(rewriter, point));
      }
      rewriter.writeEnum(2, data, "aggregationTemporality");
      rewriter.writeBoolean(3, data, "isMonotonic");
    });
  }
  rewriter.writeAttributes(12, metric, "metadata");
}

function writeNumberPoint(rewriter: JsonRewriter, point: JsonObject): void {
  writeTimes(rewriter, point);
  rewriter.writeDouble(4, point, "asDouble");
  writeExemplars(rewriter, point, 5);
  rewriter.writeInt64(6, point, "asInt");
  rewriter.writeAttributes(7, point);
  rewriter.writeCount(8, point, "flags");
}

function writeHistogramPoint(rewriter: JsonRewriter, point: JsonObject): void {
  writeTimes(rewriter, point);
  rewriter.writeUint64(4, point, "count");
  rewriter.writeDouble(5, point, "sum");
  rewriter.writeFixedList(6, point, "bucketCounts");
  rewriter.writeDoubles(7, point, "explicitBounds");
  writeExemplars(rewriter, point, 8);
  rewriter.writeAttributes(9, point);
  rewriter.writeCount(10, point, "flags");
  rewriter.writeDouble(11, point, "min");
  rewriter.writeDouble(12, point, "max");
}

function writeExponentialHistogramPoint(rewriter: JsonRewriter, point: JsonObject): void {
  rewriter.writeAttributes(1, point);
  writeTimes(rewriter, point);
  rewriter.writeUint64(4, point, "count");
  rewriter.writeDouble(5, point, "sum");
  rewriter.writeSint32(6, point, "scale");
  rewriter.writeUint64(7, point, "zeroCount");
  writeBuckets(rewriter, point, 8, "positive");
  writeBuckets(rewriter, point, 9, "negative");
  rewriter.writeCount(10, point, "flags");
  writeExemplars(rewriter, point, 11);
  rewriter.writeDouble(12, point, "min");
  rewriter.writeDouble(13, point, "max");
  rewriter.writeDouble(14, point, "zeroThreshold");
}

function writeBuckets(
  rewriter: JsonRewriter,
  point: JsonObject,
  field: number,
  name: string,
): void {
  const buckets = toObject(point[name], name);
  if (buckets === null) return;
  rewriter.writeMessage(field, () => {
    rewriter.writeSint32(1, buckets, "offset");
    rewriter.writeVarintList(2, buckets, "bucketCounts");
  });
}

function writeSummaryPoint(rewriter: JsonRewriter, point: JsonObject): void {
  writeTimes(rewriter, point);
  rewriter.writeUint64(4, point, "count");
  rewriter.writeDouble(5, point, "sum");
  for (const quantile of toObjects(point.quantileValues, "quantileValues")) {
    rewriter.writeMessage(6, () => {
      rewriter.writeDouble(1, quantile, "quantile");
      rewriter.writeDouble(2, quantile, "value");
    });
  }
  rewriter.writeAttributes(7, point);
  rewriter.writeCount(8, point, "flags");
}

function writeTimes(rewriter: JsonRewriter, point: JsonObject): void {
  rewriter.writeUint64(2, point, "startTimeUnixNano");
  rewriter.writeUint64(3, point, "timeUnixNano");
}

function writeExemplars(rewriter: JsonRewriter, point: JsonObject, field: number): void {
  for (const exemplar of toObjects(point.exemplars, "exemplars")) {
    rewriter.writeMessage(field, () => {
      rewriter.writeUint64(2, exemplar, "timeUnixNano");
      rewriter.writeDouble(3, exemplar, "asDouble");
      rewriter.writeId(4, exemplar, "spanId");
      rewriter.writeId(5, exemplar, "traceId");
      rewriter.writeInt64(6, exemplar, "asInt");
      rewriter.writeAttributes(7, exemplar, "filteredAttributes");
    });
  }
}
