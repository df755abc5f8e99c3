import { print, round } from "../report.ts";
import type { BenchApp } from "./bench-app.ts";
import { type PairedRatio, quantile, toPairedRatio } from "./paired-ratios.ts";
import { sendRequests, type Workload } from "./send-requests.ts";

export interface Slice {
  readonly cpuUs: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of its core that the application had work for. */
  readonly utilization: number;
}

/** By the name of the variant; of one cycle have the same index. */
export type Slices = ReadonlyMap<string, readonly Slice[]>;

/** Short slices of load go from one application to the next, in turning order. */
export async function runCycles(
  apps: readonly BenchApp[],
  workload: Workload,
  cycles: number,
  perSecond?: number,
): Promise<Slices> {
  const slices = new Map<string, Slice[]>(apps.map(({ variant }) => [variant.name, []]));
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    for (let place = 0; place < apps.length; place += 1) {
      const app = apps[(cycle + (cycle % 2 === 0 ? place : apps.length - place)) % apps.length]!;
      const before = await app.usage();
      const { requests, seconds, p50Ms, p99Ms } = await sendRequests(app.port, workload, perSecond);
      const cpuUs = (await app.usage()).cpuUs - before.cpuUs;
      slices.get(app.variant.name)!.push({
        cpuUs: cpuUs / requests,
        perSecond: requests / seconds,
        p50Ms,
        p99Ms,
        utilization: cpuUs / 1e6 / seconds,
      });
    }
  }
  return slices;
}

/** To the bare application's of the same cycle: what else the machine does meets both. */
function ratioOf(slices: Slices, name: string, figure: (slice: Slice) => number): PairedRatio {
  const base = slices.get("none")!;
  return toPairedRatio(slices.get(name)!.map((slice, i) => figure(slice) / figure(base[i]!)));
}

function medianOf(slices: Slices, name: string, figure: (slice: Slice) => number): number {
  const sorted = slices
    .get(name)!
    .map(figure)
    .toSorted((a, b) => a - b);
  return quantile(sorted, 0.5);
}

const cpuUs = (slice: Slice) => slice.cpuUs;

/** `share` is that of what OpenTelemetry adds. */
export function cpuFigures(prefix: string, slices: Slices): Record<string, number> {
  const ours = ratioOf(slices, "ours", cpuUs);
  const otel = ratioOf(slices, "otel", cpuUs);
  const profiled = slices.has("profiled") ? ratioOf(slices, "profiled", cpuUs) : undefined;
  const again = slices.has("again") ? ratioOf(slices, "again", cpuUs) : undefined;
  return {
    [`${prefix}cpuRatio`]: round(ours.median, 3),
    [`${prefix}cpuRatioLower90`]: round(ours.lower90, 3),
    [`${prefix}otelCpuRatio`]: round(otel.median, 3),
    [`${prefix}shareOfOtel`]: round((ours.median - 1) / (otel.median - 1), 3),
    ...(again && { [`${prefix}cpuRatioOfNone`]: round(again.median, 3) }),
    ...(profiled && { [`${prefix}profiledCpuRatio`]: round(profiled.median, 3) }),
  };
}

/** Below this the load, not the application, is what answers wait for. */
const saturatedMin = 0.85;

/** What of the bare application's rate is lost; undefined when the load could not fill its core. */
export function throughputLoss(slices: Slices): number | undefined {
  if (medianOf(slices, "none", ({ utilization }) => utilization) < saturatedMin) return undefined;
  return round(1 - ratioOf(slices, "ours", ({ perSecond }) => perSecond).median, 3);
}

export interface Sums {
  readonly bytesPerRequest: number;
  readonly memoryMb: number;
}

export function printCycles(
  { name }: Workload,
  apps: readonly BenchApp[],
  slices: Slices,
  sums?: readonly Sums[],
): void {
  const busy = medianOf(slices, "none", ({ utilization }) => utilization);
  print(
    `\n${name}: CPU per request, against none: median [quartiles] lower 90 % bound | throughput | start` +
      ` (bare, it keeps its core busy for ${(busy * 100).toFixed(0)} %)`,
  );
  for (const [i, { variant, startMs }] of apps.entries()) {
    const cpu = ratioOf(slices, variant.name, cpuUs);
    const rate = ratioOf(slices, variant.name, ({ perSecond }) => perSecond);
    const cells = [
      `${variant.name.padEnd(9)} ${medianOf(slices, variant.name, cpuUs).toFixed(0).padStart(6)} us`,
      `${cpu.median.toFixed(2)} [${cpu.lowerQuartile.toFixed(2)} ${cpu.upperQuartile.toFixed(2)}] ${cpu.lower90.toFixed(2)}`,
      rate.median.toFixed(2),
      `${startMs.toFixed(0)} ms`,
    ];
    const sum = sums?.[i];
    if (sum)
      cells.push(`${sum.memoryMb.toFixed(0)} MB, ${sum.bytesPerRequest.toFixed(0)} B/request`);
    print(cells.join(" | "));
  }
}
