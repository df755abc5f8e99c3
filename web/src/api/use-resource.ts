import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, fetchJson } from "./fetch-json.ts";
import { type Polling, startPolling } from "./start-polling.ts";

/** Both null: loading. `data` stays while a refresh fails; `error` then says that it is old. */
export interface Resource<T> {
  readonly data: T | null;
  readonly error: ApiError | null;
  readonly reload: () => void;
}

interface Loaded<T> {
  readonly path: string;
  readonly data: T | null;
  readonly error: ApiError | null;
}

/** Loads `path` (see `fetchJson`) and, with `refreshMs`, again and again while the page is visible. */
export function useResource<T>(path: string, refreshMs?: number): Resource<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ path, data: null, error: null });
  const polling = useRef<Polling>(null);

  useEffect(() => {
    polling.current = startPolling(
      (signal) =>
        fetchJson<T>(path, signal).then(
          (data) => setLoaded({ path, data, error: null }),
          (error: unknown) => {
            if (signal.aborted) return;
            setLoaded((before) => ({
              path,
              data: before.path === path ? before.data : null,
              error: error instanceof ApiError ? error : new ApiError(0, String(error), error),
            }));
          },
        ),
      refreshMs,
    );
    return polling.current.stop;
  }, [path, refreshMs]);

  const reload = useCallback(() => polling.current?.now(), []);
  // What was loaded for another address is not shown under this one.
  const { data, error } = loaded.path === path ? loaded : { data: null, error: null };
  return { data, error, reload };
}
