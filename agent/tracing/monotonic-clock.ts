let now: (() => number) | undefined;

/**
 * `performance.now()`, at half of its price: what is global is looked up each time, by a getter. Node loads what stands
 * behind it with its first use, so not before there is a request.
 */
export function monotonicNow(): number {
  now ??= performance.now.bind(performance);
  return now();
}
