/** Rejects when something could not be sent. */
export type Flush = () => Promise<unknown>;

const endingSignals = ["SIGTERM", "SIGINT"] as const;

/**
 * Sends what is left when the process ends, for at most `timeoutMs`, and changes nothing about how it ends: its exit
 * code or signal is what it would have been, and an application that handles a signal itself decides alone.
 */
export function flushAtExit(flush: Flush, timeoutMs: number): void {
  const flushInTime = () => settleInTime(flush(), timeoutMs);

  const onBeforeExit = async () => {
    // What could not be sent now would bring us here again as soon as the process is idle, without end.
    if (!(await flushInTime())) process.off("beforeExit", onBeforeExit);
  };
  process.on("beforeExit", onBeforeExit);
  for (const signal of endingSignals) flushAtSignal(signal, flushInTime);
}

/**
 * A listener for a signal takes away its effect. So ours leaves as soon as it is called: other listeners that look
 * whether they are the only one see what they would see without us, and a second signal ends the process at once.
 */
function flushAtSignal(signal: NodeJS.Signals, flushInTime: () => Promise<boolean>): void {
  const onSignal = async () => {
    process.off(signal, onSignal);
    const isAlone = process.listenerCount(signal) === 0;
    await flushInTime();
    if (isAlone && process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    else process.on(signal, onSignal);
  };
  process.on(signal, onSignal);
}

/** Whether it was fulfilled in time. Holds the process until then, because the sockets of the agent do not. */
async function settleInTime(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const { promise: timeout, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, timeoutMs, false);
  const isDone = work.then(
    () => true,
    () => false,
  );
  return Promise.race([isDone, timeout]).finally(() => clearTimeout(timer));
}
