/**
 * The promise with what it is settled with, which `onEnd` sees first; `onEnd` must not throw. No handler is put beside
 * it: an error that nobody handles would no longer be one.
 */
export function observePromise<Value>(
  promise: Promise<Value>,
  onEnd: (error: unknown, value: Value | undefined) => void,
): Promise<Value> {
  return promise.then(
    (value) => {
      onEnd(undefined, value);
      return value;
    },
    (error) => {
      onEnd(error, undefined);
      throw error;
    },
  );
}
