import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { otherCore } from "./bench-app.ts";

export interface Workload {
  readonly name: string;
  readonly path: string;
  readonly method: "GET" | "POST";
  readonly body?: string;
  /** Requests of one slice: about a second of work. */
  readonly requests: number;
}

/** An order of 10 KB. */
const order = JSON.stringify({
  lines: Array.from({ length: 110 }, (_, i) => ({
    sku: `sku-${i}`,
    quantity: i,
    note: "x".repeat(50),
  })),
});

export const workloads: readonly Workload[] = [
  { name: "items", path: "/api/items/77", method: "GET", requests: 700 },
  { name: "post10kb", path: "/api/orders", method: "POST", body: order, requests: 1_500 },
  { name: "fifty", path: "/api/fifty", method: "GET", requests: 120 },
];

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly p99Ms: number;
}

interface AutocannonResult {
  readonly requests: { readonly total: number };
  readonly duration: number;
  readonly latency: { readonly p99: number };
  readonly non2xx: number;
  readonly errors: number;
}

/** As many requests as answers come for, over 16 connections; or `perSecond` of them, for two seconds. */
export async function sendRequests(
  port: number,
  { path, method, body, requests }: Workload,
  perSecond?: number,
): Promise<LoadResult> {
  const autocannon = join(import.meta.dirname, "node_modules/autocannon/autocannon.js");
  const amount =
    perSecond === undefined
      ? ["-c", "16", "-a", `${requests}`]
      : ["-c", "6", "-d", "2", "-R", `${perSecond}`];
  const content = body === undefined ? [] : ["-b", body, "-H", "content-type=application/json"];
  const url = `http://127.0.0.1:${port}${path}`;
  const args = [
    "-c",
    otherCore,
    process.execPath,
    autocannon,
    "-j",
    "-m",
    method,
    ...amount,
    ...content,
    url,
  ];
  const { stdout } = await promisify(execFile)("taskset", args, { maxBuffer: 2 ** 24 });
  const result = JSON.parse(stdout) as AutocannonResult;
  if (result.non2xx + result.errors > 0) {
    throw new Error(`${result.non2xx + result.errors} requests to ${path} failed`);
  }
  return {
    requests: result.requests.total,
    perSecond: result.requests.total / result.duration,
    p99Ms: result.latency.p99,
  };
}
