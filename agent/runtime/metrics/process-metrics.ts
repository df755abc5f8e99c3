import { type EventLoopUtilization, monitorEventLoopDelay, performance } from "node:perf_hooks";
import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
import type { Worker } from "node:worker_threads";
import type { GcKind } from "../gc-pauses.ts";
import { DurationHistogram } from "./duration-histogram.ts";
import type { Metric, NumberPoint } from "./metric.ts";

const resolutionMs = 20;
const gcBounds = [0.01, 0.1, 1, 10] as const;

/** Of a thread: it has the times since the thread began. */
interface EventLoop {
  eventLoopUtilization(): EventLoopUtilization;
}

/**
 * What the process itself is doing, read when metrics are exported. Written out are names that are still in development:
 * the module that has them is large, and would be loaded at every start.
 */
export class ProcessMetrics {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #gc = new DurationHistogram({
    name: "v8js.gc.duration",
    description: "Pauses of garbage collection.",
    bounds: gcBounds,
  });
  readonly #lastUtilizations = new WeakMap<EventLoop, EventLoopUtilization>();
  #threads: ReadonlyMap<number, Worker> = new Map();

  constructor() {
    this.#delay.enable();
  }

  /** By their number, as it is at each collection. */
  followThreads(threads: ReadonlyMap<number, Worker>): void {
    this.#threads = threads;
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
      ...usageMetrics(),
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
    const loops = [
      { attributes: {}, total: performance.eventLoopUtilization(), loop: performance },
      ...[...this.#threads].map(([id, { performance: loop }]) => ({
        attributes: { "thread.id": id },
        total: loop.eventLoopUtilization(),
        loop,
      })),
    ];
    const times = loops.flatMap(({ attributes, total }) =>
      (["active", "idle"] as const).map((loopState) => ({
        attributes: { ...attributes, "nodejs.eventloop.state": loopState },
        value: total[loopState] / 1000,
      })),
    );
    const shares = loops.map(({ attributes, total, loop }) => {
      return { attributes, value: this.#takeShare(loop, total) };
    });
    return [
      gauge(
        "nodejs.eventloop.utilization",
        "Share of time the event loop was active; of a worker thread with its number.",
        "1",
        shares,
      ),
      {
        kind: "counter",
        name: "nodejs.eventloop.time",
        description: "Time the event loop has been in each state.",
        unit: "s",
        points: times,
      },
    ];
  }

  /** Since the last time. */
  #takeShare(loop: EventLoop, total: EventLoopUtilization): number {
    const last = this.#lastUtilizations.get(loop);
    this.#lastUtilizations.set(loop, total);
    const active = total.active - (last?.active ?? 0);
    const all = active + total.idle - (last?.idle ?? 0);
    return all > 0 ? active / all : 0;
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
