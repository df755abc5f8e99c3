// Loaded before the agent, in a run of its own: measures what of the main thread's time the agent takes at a stretch. By
// the clock, for Node has no CPU time that is finer than 4 ms; less what is somebody else's: collections of garbage, and
// the time for which the thread was ready to run and had no CPU, which Linux tells to the nanosecond. Threads of this
// process are among those who take it: V8 compiles and collects beside, on the one core that the application has.
// What is left may still not be the agent's: who waits for a lock of a thread that has no CPU is not ready to run, and a
// hypervisor tells nobody what it takes. So after each slice the same is measured of a loop that does nothing but count:
// what that meets, the agent's code meets as well, and as often for as long as it runs; see `longest-pause.ts`.
//
// Timed are the functions that the agent hands to Node, to be called later: subscribers of diagnostics channels,
// timers, listeners, observers; and the start of its thread. What it adds inside a call of the application (pg, Express)
// is a few microseconds at a time.
const channels = require("node:diagnostics_channel");
const { openSync, readSync } = require("node:fs");
const { EventEmitter } = require("node:events");
const threads = require("node:worker_threads");
const perfHooks = require("node:perf_hooks");

const slices = [];
const controls = [];
const collections = [];
let depth = 0;

new perfHooks.PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) {
    collections.push({ startMs: startTime, endMs: startTime + duration });
  }
}).observe({ entryTypes: ["gc"] });

// proc_pid_schedstat(5): nanoseconds on a CPU, nanoseconds ready and waiting for one, times that it got one.
const schedstat = openSync("/proc/thread-self/schedstat", "r");
const text = Buffer.alloc(64);
const space = 0x20;

/** Makes no garbage, which would be collected in what is measured. */
function waitedNs() {
  readSync(schedstat, text, 0, text.length, 0);
  let ns = 0;
  for (let at = text.indexOf(space) + 1; text[at] !== space; at += 1) ns = 10 * ns + text[at] - 48;
  return ns;
}

function begin() {
  return { waitedNs: waitedNs(), startMs: performance.now() };
}

function end(name, before) {
  const endMs = performance.now();
  const waitedMs = (waitedNs() - before.waitedNs) / 1e6;
  return { name, startMs: before.startMs, endMs, waitedMs };
}

/** About as long as a slice of the agent's: 20 microseconds. */
function count() {
  for (let i = 0; i < 20_000; i += 1) counted = (counted + i) | 0;
}
let counted = 0;

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
    const before = begin();
    try {
      return Reflect.apply(fn, this, args);
    } finally {
      slices.push(end(name, before));
      const beforeLoop = begin();
      count();
      controls.push(end("loop", beforeLoop));
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
timeArgument(globalThis, "setTimeout", 0, ([, ms]) => `setTimeout of ${ms} ms`);
timeArgument(globalThis, "setInterval", 0, ([, ms]) => `setInterval of ${ms} ms`);
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

/** Of a place, and of the loop: those that are worth a look, and what all took together. */
const worthUs = 50;

/** Those since the last time, in microseconds, by place; and the longest by the clock with what took its time. */
globalThis.culpritPauses = () => {
  const pauses = slices.splice(0).map(toPause);
  const loops = controls.splice(0).map(toPause);
  const sorted = pauses.map(({ us }) => us).toSorted((a, b) => b - a);
  const durationsMs = collections.splice(0).map(({ startMs, endMs }) => endMs - startMs);
  return {
    count: pauses.length,
    places: [...Map.groupBy(pauses, ({ name }) => name)].map(toPlace),
    loop: toPlace(["loop", loops]),
    longest: max(pauses, ({ us }) => us),
    longestByClock: max(pauses, ({ clockUs }) => clockUs),
    p99Us: Math.round(sorted[Math.floor(sorted.length / 100)] ?? 0),
    collections: durationsMs.length,
    collectedMs: durationsMs.reduce((sum, ms) => sum + ms, 0),
    longestCollectionMs: Math.max(0, ...durationsMs),
  };
};

function toPlace([name, pauses]) {
  const all = pauses.map(({ us }) => us);
  const sumUs = all.reduce((sum, us) => sum + us, 0);
  return { name, sumUs, longUs: all.filter((us) => us >= worthUs) };
}

function toPause({ name, startMs, endMs, waitedMs }) {
  const collected = collectedMs(startMs, endMs);
  // A collection may have waited, too: what is the one must not be taken off as the other as well.
  const ownMs = endMs - startMs - Math.max(collected, waitedMs);
  return {
    name,
    us: Math.max(0, Math.round(1000 * ownMs)),
    clockUs: Math.round(1000 * (endMs - startMs)),
    waitedUs: Math.round(1000 * waitedMs),
    collectedUs: Math.round(1000 * collected),
  };
}

function max(pauses, figure) {
  const none = { name: "none", us: 0, clockUs: 0, waitedUs: 0, collectedUs: 0 };
  return pauses.reduce((found, pause) => (figure(pause) > figure(found) ? pause : found), none);
}

function collectedMs(startMs, endMs) {
  const overlap = (it) => Math.max(0, Math.min(it.endMs, endMs) - Math.max(it.startMs, startMs));
  return collections.reduce((sum, it) => sum + overlap(it), 0);
}
