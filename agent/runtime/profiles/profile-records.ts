import {
  ATTR_CODE_FILE_PATH,
  ATTR_CODE_FUNCTION_NAME,
  ATTR_CODE_LINE_NUMBER,
} from "@opentelemetry/semantic-conventions";
import type { LogRecord } from "../../export/encode-log-record.ts";
import type { ProfileTrigger } from "./profile-rules.ts";
import type { CpuSummary, NamedTime } from "./summarize-cpu-profile.ts";
import type { HeapGrowthSummary } from "./summarize-heap-growth.ts";

const reasons: Readonly<Record<ProfileTrigger, string>> = {
  event_loop_block: "the event loop was blocked again and again",
  event_loop_utilization: "the event loop had no rest",
  slow_route: "a route was slow again and again",
  heap_growth: "the heap has grown",
  signal: "asked for by a signal",
  continuous: "taken all the time",
};

/** A CPU profile as `culprit.cpu_profile`. It belongs to the trace of the request that ran longest. */
export function toCpuRecord(
  summary: CpuSummary,
  trigger: ProfileTrigger,
  intervalUs: number,
): LogRecord {
  const { durationMs, busyMs, hottest, self, routes, traceId } = summary;
  const [route] = routes;
  const busy = `${Math.round((100 * busyMs) / Math.max(durationMs, 1))} % busy`;
  const where = [
    ...(hottest ? [`most of the application's time in ${hottest.name}`] : []),
    ...(route ? [`most of all for ${route.name}`] : []),
  ];
  return {
    eventName: "culprit.cpu_profile",
    body: [`${(durationMs / 1_000).toFixed(1)} s, ${reasons[trigger]}: ${busy}`, ...where].join(
      "; ",
    ),
    attributes: {
      "culprit.profile.trigger": trigger,
      "culprit.profile.duration_ms": durationMs,
      "culprit.profile.interval_us": intervalUs,
      "culprit.profile.samples": summary.samples,
      "culprit.profile.busy_ms": busyMs,
      "culprit.profile.gc_ms": summary.gcMs,
      "culprit.profile.routes": toLines(routes),
      "culprit.profile.self": toLines(self),
      "culprit.profile.total": toLines(summary.total),
      "culprit.profile.stacks": summary.stacks,
      ...(hottest ? toCode({ ...hottest.frame, lineNumber: hottest.lineNumber }) : {}),
    },
    traceId,
  };
}

/** What a growing heap is filled with, as `culprit.heap_growth`. */
export function toHeapRecord(
  { grownBytes, sites, stacks }: HeapGrowthSummary,
  usedBytes: readonly number[],
): LogRecord {
  const [most] = sites;
  const used = [usedBytes[0] ?? 0, usedBytes.at(-1) ?? 0].map(toMb);
  const growth = `the heap has grown from ${used.join(" to ")} after collections of garbage`;
  return {
    eventName: "culprit.heap_growth",
    body: most ? `${growth}; most of what stays is allocated in ${most.frame.label}` : growth,
    attributes: {
      "culprit.heap.used_bytes": usedBytes.join(" "),
      "culprit.heap.grown_bytes": grownBytes,
      "culprit.heap.sites": sites
        .map(({ frame, bytes }) => `${Math.round(bytes)} ${frame.label}`)
        .join("\n"),
      "culprit.profile.stacks": stacks,
      ...(most ? toCode(most.frame) : {}),
    },
    traceId: "",
  };
}

/** `1234.5 toLine (src/invoices.ts:25)`, milliseconds first. */
function toLines(times: readonly NamedTime[]): string {
  return times.map(({ name, ms }) => `${ms.toFixed(1)} ${name}`).join("\n");
}

function toMb(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MB`;
}

interface CodePlace {
  readonly filePath: string;
  readonly lineNumber: number;
  readonly functionName: string;
}

function toCode({
  filePath,
  lineNumber,
  functionName,
}: CodePlace): Record<string, string | number> {
  return {
    [ATTR_CODE_FILE_PATH]: filePath,
    [ATTR_CODE_LINE_NUMBER]: lineNumber,
    [ATTR_CODE_FUNCTION_NAME]: functionName,
  };
}
