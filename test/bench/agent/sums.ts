import { round } from "../report.ts";
import type { BenchApp } from "./bench-app.ts";
import { items } from "./send-requests.ts";

const settleMs = 6_000;

/** What one process has taken in all. */
export interface Sums {
  readonly bytesPerRequest: number;
  readonly memoryMb: number;
}

/** After warm-up and cycles. */
export async function readSums(
  apps: readonly BenchApp[],
  cycles: number,
): Promise<readonly Sums[]> {
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const sums: Sums[] = [];
  for (const app of apps) {
    const bytesPerRequest = app.sink.bytes() / (items.warmUpRequests + cycles * items.requests);
    sums.push({ bytesPerRequest, memoryMb: (await app.usage(true)).rssBytes / 2 ** 20 });
  }
  return sums;
}

export function figuresOf([bare, own]: readonly Sums[]): Record<string, number> {
  return {
    loadedMemoryMb: round(own!.memoryMb - bare!.memoryMb, 1),
    bytesPerRequest: Math.round(own!.bytesPerRequest),
  };
}
