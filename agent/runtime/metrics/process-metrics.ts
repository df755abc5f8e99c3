import { type EventLoopUtilization, monitorEventLoopDelay, performance } from "node:perf_hooks";
import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
import { isMainThread } from "node:worker_threads";
import type { GcKind } from "../gc-pauses.ts";
import { DurationHistogram } from "./duration-histogram.ts";
import type { Metric, NumberPoint } from "./metric.ts";

const resolutionMs = 20;
const gcBounds = [0.01, 0.1, 1, 10] as const;

/**
 * What this thread and the process are doing, read when metrics are exported. Written out are names that are still in development:
 * the module that has them is large, and would be loaded at every start.
 */
export class ProcessMetrics {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #gc = new DurationHistogram({
    name: "v8js.gc.duration",
    description: "Pauses of garbage collection.",
    bounds: gcBounds,
  });
  #lastUtilization: EventLoopUtilization = performance.eventLoopUtilization();

  constructor() {
    this.#delay.enable();
  }

  recordGc(kind: GcKind, durationMs: number): void {
    this.#gc.record(durationMs / 1000, kind, () => ({ "v8js.gc.type": kind }));
  }

  collect(): readonly Metric[] {
    return [
      ...this.#takeEventLoopDelay(),
      ...this.#takeUtilization(),
      this.#gc.collect(),
      ...heapMetrics(),
      resourceMetric(),
      // Of the process as a whole.
      ...(isMainThread ? usageMetrics() : []),
    ];
  }

  /** Since the last time. */
  #takeEventLoopDelay(): Metric[] {
    const delay = this.#delay;
    if (delay.count === 0) return [];
    // Measured are distances of a timer's ticks, so its interval is in them.
    const toDelayS = (distanceNs: number) => Math.max(0, distanceNs / 1e9 - resolutionMs / 1000);
    const values = {
      min: toDelayS(delay.min),
      max: toDelayS(delay.max),
      mean: toDelayS(delay.mean),
      stddev: delay.stddev / 1e9,
      p50: toDelayS(delay.percentile(50)),
      p90: toDelayS(delay.percentile(90)),
      p99: toDelayS(delay.percentile(99)),
    };
    delay.reset();
    return Object.entries(values).map(([name, value]) =>
      gauge(`nodejs.eventloop.delay.${name}`, `Event loop delay: ${name}.`, "s", [
        { attributes: {}, value },
      ]),
    );
  }

  #takeUtilization(): Metric[] {
    const total = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(total, this.#lastUtilization);
    this.#lastUtilization = total;
    const time = (loopState: "active" | "idle"): NumberPoint => ({
      attributes: { "nodejs.eventloop.state": loopState },
      value: total[loopState] / 1000,
    });
    return [
      gauge("nodejs.eventloop.utilization", "Share of time the event loop was active.", "1", [
        { attributes: {}, value: Number.isFinite(utilization) ? utilization : 0 },
      ]),
      {
        kind: "counter",
        name: "nodejs.eventloop.time",
        description: "Time the event loop has been in each state.",
        unit: "s",
        points: [time("active"), time("idle")],
      },
    ];
  }
}

function heapMetrics(): Metric[] {
  const spaces = getHeapSpaceStatistics();
  const ofSpaces = (
    key: "space_size" | "space_used_size" | "space_available_size" | "physical_space_size",
  ) =>
    spaces.map((space) => ({
      attributes: { "v8js.heap.space.name": space.space_name },
      value: space[key],
    }));
  const limit = { attributes: {}, value: getHeapStatistics().heap_size_limit };
  return [
    upDownCounter("v8js.memory.heap.limit", "Most that the heap may take.", "By", [limit]),
    upDownCounter("v8js.memory.heap.used", "Used heap.", "By", ofSpaces("space_used_size")),
    upDownCounter("v8js.memory.heap.space.size", "Reserved heap.", "By", ofSpaces("space_size")),
    upDownCounter(
      "v8js.memory.heap.space.available_size",
      "Free heap.",
      "By",
      ofSpaces("space_available_size"),
    ),
    upDownCounter(
      "v8js.memory.heap.space.physical_size",
      "Committed heap.",
      "By",
      ofSpaces("physical_space_size"),
    ),
  ];
}

/** Handles and requests that keep the process alive, by type. */
function resourceMetric(): Metric {
  const byType = Map.groupBy(process.getActiveResourcesInfo(), (type) => type);
  const points = [...byType].map(([type, { length }]) => ({
    attributes: { "v8js.resource.type": type },
    value: length,
  }));
  return upDownCounter(
    "v8js.resource.active",
    "What keeps the process alive.",
    "{resource}",
    points,
  );
}

function usageMetrics(): Metric[] {
  const { user, system } = process.cpuUsage();
  const cpu = (cpuState: "user" | "system", microseconds: number): NumberPoint => ({
    attributes: { "process.cpu.state": cpuState },
    value: microseconds / 1e6,
  });
  return [
    {
      kind: "counter",
      name: "process.cpu.time",
      description: "CPU time of the process.",
      unit: "s",
      points: [cpu("user", user), cpu("system", system)],
    },
    upDownCounter("process.memory.usage", "Resident memory of the process.", "By", [
      { attributes: {}, value: process.memoryUsage.rss() },
    ]),
  ];
}

function gauge(name: string, description: string, unit: string, points: NumberPoint[]): Metric {
  return { kind: "gauge", name, description, unit, points };
}

function upDownCounter(
  name: string,
  description: string,
  unit: string,
  points: NumberPoint[],
): Metric {
  return { kind: "upDownCounter", name, description, unit, points };
}
