import { ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import type { ResourceMetrics } from "@opentelemetry/sdk-metrics";
import { expect, it } from "vitest";
import { encodeMetrics } from "./encode-metrics.ts";
import type { Exemplar, Metric } from "./metric.ts";
import { createMetricProducer } from "./metric-producer.ts";

const exemplar: Exemplar = {
  value: 0.2,
  timeMs: 1_790_000_000_000,
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
};

const collect = async (exemplars: readonly Exemplar[]): Promise<ResourceMetrics> => {
  const metrics: Metric[] = [
    {
      kind: "counter",
      name: "calls",
      description: "Calls.",
      unit: "1",
      points: [
        { attributes: { text: "é", whole: 3, part: -0.5, is: true, list: ["a", "b"] }, value: 300 },
      ],
    },
    {
      kind: "gauge",
      name: "level",
      description: "",
      unit: "",
      points: [{ attributes: {}, value: -1.5 }],
    },
    {
      kind: "histogram",
      name: "duration",
      description: "Duration.",
      unit: "s",
      points: [
        {
          attributes: {},
          bounds: [0.1, 1],
          counts: [0, 300, 1],
          count: 301,
          sum: 61,
          min: 0.2,
          max: 5,
          exemplars,
        },
      ],
    },
  ];
  const { resourceMetrics } = await createMetricProducer([() => metrics]).collect();
  return { ...resourceMetrics, resource: resourceFromAttributes({ "service.name": "shop" }) };
};

/** A message as sorted `field=value` texts: the order of fields has no meaning. Bytes are tried as a message. */
function readMessage(bytes: Uint8Array): string {
  const fields: string[] = [];
  let rest = Buffer.from(bytes);
  const take = (length: number) => {
    if (length > rest.length) throw new Error("no message");
    const taken = rest.subarray(0, length);
    rest = rest.subarray(length);
    return taken;
  };
  const takeVarint = () => {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = take(1).readUInt8();
      value += (byte & 127) * unit;
      if (byte < 128) return value;
    }
  };
  const takeValue = (type: number) => {
    if (type === 0) return `${takeVarint()}`;
    if (type === 1) return take(8).toString("hex");
    if (type === 2) return readBytes(take(takeVarint()));
    throw new Error("no message");
  };
  while (rest.length > 0) {
    const tag = takeVarint();
    fields.push(`${Math.floor(tag / 8)}=${takeValue(tag % 8)}`);
  }
  return `{${fields.sort().join(" ")}}`;
}

function readBytes(bytes: Uint8Array): string {
  try {
    return readMessage(bytes);
  } catch {
    return Buffer.from(bytes).toString("hex");
  }
}

it("says what OpenTelemetry's own serializer says", async () => {
  const metrics = await collect([]);
  const theirs = ProtobufMetricsSerializer.serializeRequest(metrics);
  expect(readMessage(encodeMetrics(metrics))).toBe(readMessage(theirs ?? new Uint8Array()));
});

it("adds exemplars to a histogram, and nothing else", async () => {
  const metrics = await collect([exemplar]);
  const theirs = ProtobufMetricsSerializer.serializeRequest(metrics) ?? new Uint8Array();
  const ours = Buffer.from(encodeMetrics(metrics));
  expect(ours.includes(Buffer.from(exemplar.traceId, "hex"))).toBe(true);
  expect(ours.includes(Buffer.from(exemplar.spanId, "hex"))).toBe(true);
  // Field 8: time and value of 9 bytes each, the ids with 2 bytes in front; and 3 outer lengths may grow.
  const exemplarBytes = 2 + 9 + 9 + 10 + 18;
  expect(ours.length - theirs.length).toBeGreaterThanOrEqual(exemplarBytes);
  expect(ours.length - theirs.length).toBeLessThanOrEqual(exemplarBytes + 6);
});
