/** As pools say it: `TimeoutError`, `WaitQueueTimeoutError`, "timeout exceeded when trying to connect". */
export function isTimeout(error: unknown): boolean {
  const { name, message } = (error ?? {}) as {
    readonly name?: unknown;
    readonly message?: unknown;
  };
  return /time(d )?-?out/i.test(`${name} ${message}`);
}
