/** Milliseconds since 1970 as `insertRows` takes a DateTime64(3): as a number, ClickHouse would read it as ticks. */
export function toDateTime64(ms: number): string {
  return (ms / 1000).toFixed(3);
}
