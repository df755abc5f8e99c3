/** `load` never rejects. Stopped while the page is hidden; then loads at once when it is seen again. */
export interface Polling {
  /** Loads now, unless a load is under way. */
  readonly now: () => void;
  readonly stop: () => void;
}

/** Calls `load`, and again `refreshMs` after it has finished; without `refreshMs` only when asked. */
export function startPolling(
  load: (signal: AbortSignal) => Promise<void>,
  refreshMs?: number,
): Polling {
  const stopped = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isLoading = false;

  async function now(): Promise<void> {
    if (isLoading || stopped.signal.aborted) return;
    clearTimeout(timer);
    isLoading = true;
    await load(stopped.signal);
    isLoading = false;
    schedule();
  }

  function schedule(): void {
    if (refreshMs === undefined || stopped.signal.aborted || document.hidden) return;
    timer = setTimeout(now, refreshMs);
  }

  function onVisibilityChange(): void {
    if (document.hidden) clearTimeout(timer);
    else if (refreshMs !== undefined) void now();
  }

  document.addEventListener("visibilitychange", onVisibilityChange, { signal: stopped.signal });
  void now();
  return {
    now: () => void now(),
    stop: () => {
      clearTimeout(timer);
      stopped.abort();
    },
  };
}
