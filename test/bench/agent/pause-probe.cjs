// Loaded before the agent, in a run of its own: measures what of the main thread's time the agent takes at a stretch, less
// the pauses of garbage collection that fall into it. By the clock, for Node has no CPU time that is finer than 4 ms: what
// other programs take is in it.
//
// Timed are the functions that the agent hands to Node, to be called later: subscribers of diagnostics channels,
// timers, listeners, observers; and the start of its thread. What it adds inside a call of the application (pg, Express)
// is a few microseconds at a time.
const channels = require("node:diagnostics_channel");
const { EventEmitter } = require("node:events");
const threads = require("node:worker_threads");
const perfHooks = require("node:perf_hooks");

const slices = [];
const collections = [];
let depth = 0;

new perfHooks.PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) {
    collections.push({ startMs: startTime, endMs: startTime + duration });
  }
}).observe({ entryTypes: ["gc"] });

function isOfAgent() {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 4;
  const { stack } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return /[\\/]agent[\\/]dist[\\/]/.test(stack);
}

function timed(name, fn) {
  return function (...args) {
    // Of nested ones the outermost is the pause.
    if (depth > 0) return Reflect.apply(fn, this, args);
    depth += 1;
    const startMs = performance.now();
    try {
      return Reflect.apply(fn, this, args);
    } finally {
      slices.push({ name, startMs, endMs: performance.now() });
      depth -= 1;
    }
  };
}

function timeArgument(owner, method, at, nameOf) {
  const original = owner[method];
  owner[method] = function (...args) {
    if (typeof args[at] === "function" && isOfAgent()) args[at] = timed(nameOf(args), args[at]);
    return Reflect.apply(original, this, args);
  };
}

timeArgument(channels, "subscribe", 1, ([channel]) => channel);
timeArgument(globalThis, "setTimeout", 0, () => "setTimeout");
timeArgument(globalThis, "setInterval", 0, () => "setInterval");
timeArgument(EventEmitter.prototype, "on", 1, ([event]) => `on ${event}`);
timeArgument(EventEmitter.prototype, "once", 1, ([event]) => `once ${event}`);

const { Worker } = threads;
threads.Worker = new Proxy(Worker, {
  construct: timed("start of the thread", (target, args) => Reflect.construct(target, args)),
});
const { PerformanceObserver } = perfHooks;
perfHooks.PerformanceObserver = class extends PerformanceObserver {
  constructor(onEntries) {
    super(isOfAgent() ? timed("PerformanceObserver", onEntries) : onEntries);
  }
};

/** Those since the last time. */
globalThis.culpritPauses = () => {
  const pauses = slices
    .splice(0)
    .map(({ name, startMs, endMs }) => ({
      name,
      us: 1000 * (endMs - startMs - collectedMs(startMs, endMs)),
    }))
    .toSorted((a, b) => b.us - a.us);
  collections.length = 0;
  return {
    count: pauses.length,
    longestUs: Math.round(pauses[0]?.us ?? 0),
    longestName: pauses[0]?.name ?? "none",
    p99Us: Math.round(pauses[Math.floor(pauses.length / 100)]?.us ?? 0),
  };
};

function collectedMs(startMs, endMs) {
  const overlap = (it) => Math.max(0, Math.min(it.endMs, endMs) - Math.max(it.startMs, startMs));
  return collections.reduce((sum, it) => sum + overlap(it), 0);
}
