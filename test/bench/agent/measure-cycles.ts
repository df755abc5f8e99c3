import { print, round } from "../report.ts";
import type { BenchApp } from "./bench-app.ts";
import { type PairedRatio, quantile, toPairedRatio } from "./paired-ratios.ts";
import { sendRequests, type Workload } from "./send-requests.ts";
import type { Sums } from "./sums.ts";

interface Slice {
  readonly cpuUs: number;
  readonly perSecond: number;
  /** Share of its core that the application had work for. */
  readonly utilization: number;
}

/** Of one generation of processes by the name of the variant; slices of one cycle have the same index. */
export type Generation = ReadonlyMap<string, readonly Slice[]>;

/** Short slices of load go from one application to the next, in turning order. */
export async function runCycles(
  apps: readonly BenchApp[],
  workload: Workload,
  cycles: number,
): Promise<Generation> {
  const slices = new Map<string, Slice[]>(apps.map(({ variant }) => [variant.name, []]));
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    for (let place = 0; place < apps.length; place += 1) {
      const app = apps[(cycle + (cycle % 2 === 0 ? place : apps.length - place)) % apps.length]!;
      const before = await app.usage();
      const { requests, seconds } = await sendRequests(app.port, workload);
      const cpuUs = (await app.usage()).cpuUs - before.cpuUs;
      slices.get(app.variant.name)!.push({
        cpuUs: cpuUs / requests,
        perSecond: requests / seconds,
        utilization: cpuUs / 1e6 / seconds,
      });
    }
  }
  return slices;
}

/**
 * To the bare application's of the same cycle: what else the machine does meets both. A generation counts once, by the
 * median of its cycles, for what they have in common, where V8 put its code, is chance as well.
 */
function ratioOf(
  generations: readonly Generation[],
  name: string,
  figure: (slice: Slice) => number,
): PairedRatio {
  const ratios = generations.map((slices) => {
    const base = slices.get("none")!;
    return median(slices.get(name)!.map((slice, i) => figure(slice) / figure(base[i]!)));
  });
  return toPairedRatio(ratios);
}

function medianOf(
  generations: readonly Generation[],
  name: string,
  figure: (slice: Slice) => number,
): number {
  return median(generations.flatMap((slices) => slices.get(name)!.map(figure)));
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

const cpuUs = (slice: Slice) => slice.cpuUs;

export function cpuRatio(generations: readonly Generation[], name: string): number {
  return round(ratioOf(generations, name, cpuUs).median, 3);
}

/** `share` is that of what OpenTelemetry adds. */
export function cpuFigures(
  prefix: string,
  generations: readonly Generation[],
): Record<string, number> {
  const ours = ratioOf(generations, "ours", cpuUs);
  const otel = ratioOf(generations, "otel", cpuUs);
  return {
    [`${prefix}cpuRatio`]: round(ours.median, 3),
    [`${prefix}cpuRatioLower90`]: round(ours.lower90, 3),
    [`${prefix}otelCpuRatio`]: round(otel.median, 3),
    [`${prefix}shareOfOtel`]: round((ours.median - 1) / (otel.median - 1), 3),
    ...(generations[0]!.has("again") && {
      [`${prefix}cpuRatioOfNone`]: cpuRatio(generations, "again"),
    }),
  };
}

/** Below this the load, not the application, is what answers wait for. */
const saturatedMin = 0.85;

/** What of the bare application's rate is lost; undefined when the load could not fill its core. */
export function throughputLoss(generations: readonly Generation[]): number | undefined {
  if (medianOf(generations, "none", ({ utilization }) => utilization) < saturatedMin)
    return undefined;
  return round(1 - ratioOf(generations, "ours", ({ perSecond }) => perSecond).median, 3);
}

/** Progress: a generation takes minutes. */
export function printGeneration(
  { name }: Workload,
  generations: readonly Generation[],
  wanted: number,
): void {
  const last = generations.at(-1)!;
  const ratios = [...last.keys()]
    .filter((variant) => variant !== "none")
    .map((variant) => `${variant} ${cpuRatio([last], variant).toFixed(2)}`);
  print(
    `${name}: ${generations.length} of ${wanted} generations, CPU against none: ${ratios.join(", ")}`,
  );
}

export function printCycles(
  { name }: Workload,
  apps: readonly BenchApp[],
  generations: readonly Generation[],
  sums?: readonly Sums[],
): void {
  const busy = medianOf(generations, "none", ({ utilization }) => utilization);
  print(
    `\n${name}: CPU per request, against none: median [quartiles] lower 90 % bound | throughput | start` +
      ` (bare, it keeps its core busy for ${(busy * 100).toFixed(0)} %)`,
  );
  for (const [i, { variant, startMs }] of apps.entries()) {
    const cpu = ratioOf(generations, variant.name, cpuUs);
    const rate = ratioOf(generations, variant.name, ({ perSecond }) => perSecond);
    const cells = [
      `${variant.name.padEnd(9)} ${medianOf(generations, variant.name, cpuUs).toFixed(0).padStart(6)} us`,
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
