/** Time, as a port: tests move it by hand. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once after `ms`; what it returns cancels that. */
  after(ms: number, callback: () => void): () => void;
}

/** Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: Date.now,
  after(ms, callback) {
    const timer = setTimeout(callback, Math.max(ms, 0)).unref();
    return () => clearTimeout(timer);
  },
};
