import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { otherCore } from "./bench-app.ts";
import type { Load, LoadResult } from "./load-generator.ts";

export interface Workload {
  readonly name: string;
  readonly path: string;
  readonly method: "GET" | "POST";
  readonly body?: string;
  /**
   * Of one slice: about a second of the bare application's work. A slice follows on some seconds in which others had their turn,
   * and its first half second is dearer, under an agent more than without one: no process that has work has such pauses.
   */
  readonly requests: number;
  /**
   * Before any slice. Until the 15,000th V8's threads compile what is hot, which takes a fifth of all instructions, and until the
   * 27,000th what is less so: a process that runs for days has that behind it.
   */
  readonly warmUpRequests: number;
}

/** An order of 10 KB. */
const order = JSON.stringify({
  lines: Array.from({ length: 110 }, (_, i) => ({
    sku: `sku-${i}`,
    quantity: i,
    note: "x".repeat(50),
  })),
});

/** Of the Express application. */
export const items: Workload = {
  name: "items",
  path: "/api/items/77",
  method: "GET",
  requests: 6_000,
  warmUpRequests: 27_000,
};
export const expressWorkloads: readonly Workload[] = [
  {
    name: "post10kb",
    path: "/api/orders",
    method: "POST",
    body: order,
    requests: 12_000,
    warmUpRequests: 15_000,
  },
  { name: "fifty", path: "/api/fifty", method: "GET", requests: 900, warmUpRequests: 1_500 },
];
/** Of the Fastify application. */
export const cached: Workload = {
  name: "cached",
  path: "/products/77",
  method: "GET",
  requests: 12_000,
  warmUpRequests: 15_000,
};

const connections = 16;
const generator = join(import.meta.dirname, "load-generator.ts");

/** As many requests as answers come for, over 16 connections; or `perSecond` of them. */
export async function sendRequests(
  port: number,
  workload: Workload,
  perSecond?: number,
): Promise<LoadResult> {
  const [[result]] = (await sendInTurns([port], workload, 1, perSecond)) as [[LoadResult]];
  return result;
}

/**
 * A slice of load to each in turns, all from one process: its connections stay open, and its code is warm. Of each turn
 * the results in the order of `ports`.
 */
export async function sendInTurns(
  ports: readonly number[],
  { path, method, body = "", requests }: Workload,
  turns: number,
  perSecond?: number,
): Promise<readonly (readonly LoadResult[])[]> {
  const load: Load = { ports, turns, path, method, body, requests, connections, perSecond };
  const args = ["-c", otherCore, process.execPath, generator, JSON.stringify(load)];
  const { stdout } = await promisify(execFile)("taskset", args, { maxBuffer: 2 ** 28 });
  return JSON.parse(stdout) as LoadResult[][];
}
