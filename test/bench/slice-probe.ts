import { createHook } from "node:async_hooks";
import {
  constants,
  createHistogram,
  type NodeGCPerformanceDetail,
  type PerformanceEntry,
  PerformanceObserver,
} from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

/**
 * Measures the CPU time of each synchronous slice of the main thread; loaded with `--import` into the process that is
 * looked at, which answers SIGUSR2 with a line "SLICES {…}" of what was since the one before.
 *
 *   loop     poll ── callback, microtasks ── callback, microtasks ── poll …
 *   slices        |────── a slice ────────|────── a slice ────────|
 *
 * A slice is a callback of the event loop with all ticks and promises that it sets off: nothing else runs on the
 * thread meanwhile. It is measured from the end of the one before, so that what Node does between them in C++ (reading
 * sockets, taking messages apart, collecting garbage) counts as well: the slices add up to all that the thread used.
 * It is the thread's CPU time and not the clock's: what other processes do is not in it. The hooks themselves are. Of the
 * slowest it says which collections of garbage fell into them, and what those took by the clock.
 */
const microtasks = new Set(["PROMISE", "TickObject", "Microtask"]);
/**
 * The types of the newest async ids, as places in `types`, so that a slice can be named; numbers, for a list of as many texts
 * would be walked through by each collection of garbage. No hook for the end of a resource: with one, Node has the garbage
 * collector tell of every promise, and the slices would be those of the collector.
 */
const newestMax = 2 ** 18;
const newestIds = new Float64Array(newestMax);
const newestTypes = new Uint8Array(newestMax);
const types: string[] = [];
const slowestMax = 10;

/** What has been there for long is no microtask. */
function typeOf(id: number): string {
  const at = id % newestMax;
  return newestIds[at] === id ? types[newestTypes[at]!]! : "older";
}

function numberOf(name: string): number {
  const known = types.indexOf(name);
  return known === -1 ? types.push(name) - 1 : known;
}

/** From when until when, by the clock, in milliseconds. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Slice extends Stretch {
  readonly type: string;
  readonly ms: number;
}

interface Collection extends Stretch {
  readonly kind: string;
}

type CollectionEntry = PerformanceEntry & { readonly detail: NodeGCPerformanceDetail };

const kinds: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: "major",
  [constants.NODE_PERFORMANCE_GC_MINOR]: "minor",
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: "incremental",
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: "weak callbacks",
};
/** Shorter ones make no slice slow, and most are. */
const collectionMsMin = 0.5;

let depth = 0;
let type = "start";
let endedAtUs = 0;
let endedAtMs = 0;
let lastUs = 0;
let lastMs = 0;
/** Microseconds. Not a list: that of half a minute is megabytes, which would make V8 collect what it is to measure. */
const slices = createHistogram();
let cpuMs = 0;
let over10Ms = 0;
let slowest: Slice[] = [];
let collections: Collection[] = [];

/** A thread's own time is as old as the last tick of the kernel, 4 ms or more, until somebody asks for the process's. */
function cpuUs(): number {
  process.cpuUsage();
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

function endSlice(): void {
  const ms = (lastUs - endedAtUs) / 1000;
  if (ms > (slowest.at(-1)?.ms ?? 0) || slowest.length < slowestMax) {
    const slice = { type, ms, fromMs: endedAtMs, toMs: lastMs };
    slowest = [...slowest, slice].sort((a, b) => b.ms - a.ms).slice(0, slowestMax);
  }
  endedAtUs = lastUs;
  endedAtMs = lastMs;
  slices.record(Math.max(1, Math.round(ms * 1000)));
  cpuMs += ms;
  over10Ms += Number(ms > 10);
}

/** The slice, and what collections of garbage in it took by the clock. */
function explain({ type: cause, ms, fromMs, toMs }: Slice) {
  const inside = collections.filter((one) => one.fromMs < toMs && one.toMs > fromMs);
  const garbage = inside.map((one) => `${one.kind} ${(one.toMs - one.fromMs).toFixed(1)}`);
  return { type: cause, ms, ...(garbage.length > 0 && { garbage }) };
}

function report(): void {
  const figures = {
    slices: slices.count,
    cpuMs,
    p99Ms: slices.percentile(99) / 1000,
    p9999Ms: slices.percentile(99.99) / 1000,
    maxMs: slowest[0]?.ms ?? 0,
    over10Ms,
    slowest: slowest.map(explain),
  };
  slices.reset();
  cpuMs = 0;
  over10Ms = 0;
  slowest = [];
  collections = [];
  process.stdout.write(`SLICES ${JSON.stringify(figures)}\n`);
}

if (isMainThread) {
  createHook({
    init(id, name) {
      newestIds[id % newestMax] = id;
      newestTypes[id % newestMax] = numberOf(name);
    },
    before(id) {
      const name = typeOf(id);
      if (depth === 0 && !microtasks.has(name)) {
        endSlice();
        type = name;
      }
      depth++;
    },
    after() {
      depth--;
      if (depth > 0) return;
      lastUs = cpuUs();
      lastMs = performance.now();
    },
  }).enable();
  new PerformanceObserver((list) => {
    for (const { startTime, duration, detail } of list.getEntries() as CollectionEntry[]) {
      if (duration < collectionMsMin) continue;
      const kind = kinds[detail.kind] ?? "other";
      collections.push({ kind, fromMs: startTime, toMs: startTime + duration });
    }
  }).observe({ entryTypes: ["gc"] });
  process.on("SIGUSR2", report);
}
