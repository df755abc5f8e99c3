import type { ReactNode } from "react";
import type { ApiError } from "../api/fetch-json.ts";
import type { Resource } from "../api/use-resource.ts";
import styles from "./load-state.module.css";

interface LoadStateProps<T> {
  readonly resource: Resource<T>;
  /** What is loaded, for the messages: "the findings". */
  readonly what: string;
  readonly children: (data: T) => ReactNode;
}

/** Loading, failed (and what to do), or the data; old data stay on screen under the message. */
export function LoadState<T>({ resource, what, children }: LoadStateProps<T>) {
  const { data, error, reload } = resource;
  return (
    <>
      {error !== null && (
        <LoadError error={error} what={what} isStale={data !== null} onRetry={reload} />
      )}
      {data === null && error === null && (
        <p className={styles.loading} role="status">
          Loading {what} …
        </p>
      )}
      {data !== null && children(data)}
    </>
  );
}

interface LoadErrorProps {
  readonly error: ApiError;
  readonly what: string;
  readonly isStale: boolean;
  readonly onRetry: () => void;
}

function LoadError({ error, what, isStale, onRetry }: LoadErrorProps) {
  return (
    <div className={styles.error} role="alert">
      <p>
        <strong>
          {isStale
            ? `Could not refresh ${what}; this is as of the last answer.`
            : `Could not load ${what}.`}
        </strong>{" "}
        {adviceFor(error)}
      </p>
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

function adviceFor({ status, message }: ApiError): string {
  if (status === 0) {
    return "The collector does not answer: check that “culprit start” is running and that this address reaches it.";
  }
  if (status === 404) {
    return "It is not stored: the address may be mistyped, or it is older than the retention time.";
  }
  if (status === 401 || status === 403) return "You are not signed in, or may not see it.";
  if (status === 429) return "Too many requests at once: wait a moment.";
  if (status >= 500) return `The collector failed (${message}); its log says why.`;
  return `The collector refused the request: ${message}.`;
}
