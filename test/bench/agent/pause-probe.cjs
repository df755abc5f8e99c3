// Loaded before the agent, in a run of its own: measures what of the main thread's CPU time the agent takes at a stretch.
//
// Timed are the functions that the agent hands to Node, to be called later: subscribers of diagnostics channels,
// timers, listeners, observers; and the start of its thread. What it adds inside a call of the application (pg, Express)
// is a few microseconds at a time.
const channels = require("node:diagnostics_channel");
const { EventEmitter } = require("node:events");
const { basename } = require("node:path");
const threads = require("node:worker_threads");
const perfHooks = require("node:perf_hooks");

const slicesUs = [];
const names = [];
let depth = 0;

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
    const before = process.threadCpuUsage();
    try {
      return Reflect.apply(fn, this, args);
    } finally {
      const { user, system } = process.threadCpuUsage(before);
      slicesUs.push(user + system);
      names.push(name);
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
  const longest = slicesUs.reduce((best, us, i) => (us > slicesUs[best] ? i : best), 0);
  const result = {
    count: slicesUs.length,
    longestUs: slicesUs[longest] ?? 0,
    longestName: names[longest] ?? basename(__filename),
    p99Us: slicesUs.toSorted((a, b) => a - b)[Math.floor(slicesUs.length * 0.99)] ?? 0,
  };
  slicesUs.length = 0;
  names.length = 0;
  return result;
};
