import { round } from "../report.ts";
import type { BenchApp } from "./bench-app.ts";
import { items } from "./send-requests.ts";

const settleMs = 6_000;

/** What one process has taken in all. */
export interface Sums {
  readonly variant: string;
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
    const memoryMb = (await app.usage(true)).rssBytes / 2 ** 20;
    sums.push({ variant: app.variant.name, bytesPerRequest, memoryMb });
  }
  return sums;
}

export function figuresOf(sums: readonly Sums[]): Record<string, number> {
  const of = (variant: string) => sums.find((sum) => sum.variant === variant)!;
  return {
    loadedMemoryMb: round(of("ours").memoryMb - of("none").memoryMb, 1),
    bytesPerRequest: Math.round(of("ours").bytesPerRequest),
  };
}
