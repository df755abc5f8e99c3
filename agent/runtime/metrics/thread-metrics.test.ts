import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterEach, expect, it } from "vitest";
import { until } from "../../../test/support/until.ts";
import type { Metric } from "./metric.ts";
import { ThreadMetrics } from "./thread-metrics.ts";

const counter = (name: string, value: number): Metric => ({
  kind: "counter",
  name,
  description: "",
  unit: "1",
  points: [{ attributes: { of: "main" }, value }],
});
const reported = [counter("both", 2), counter("own", 3)];
let worker: Worker;

afterEach(() => worker.terminate());

/** Tells on its channel what it is told to, as `reportToMainThread` does. */
const script = `
  const { BroadcastChannel, parentPort, threadId } = require("node:worker_threads");
  const channel = new BroadcastChannel("culprit.metrics." + process.pid + "." + threadId);
  parentPort.on("message", (metrics) => channel.postMessage(metrics));`;

it("adds the points of a worker thread to the main thread's, while it runs", async () => {
  const threads = new ThreadMetrics();
  worker = new Worker(script, { eval: true });
  threads.follow(worker);
  await once(worker, "online");
  const own = [counter("both", 1), counter("mine", 1)];
  expect(threads.addTo(own)).toEqual(own);

  worker.postMessage(reported);
  await until(() => threads.addTo(own).length > own.length);
  const attributes = { of: "main", "thread.id": worker.threadId };
  expect(threads.addTo(own).map(({ name, points }) => [name, points])).toEqual([
    [
      "both",
      [
        { attributes: { of: "main" }, value: 1 },
        { attributes, value: 2 },
      ],
    ],
    ["mine", [{ attributes: { of: "main" }, value: 1 }]],
    ["own", [{ attributes, value: 3 }]],
  ]);

  await worker.terminate();
  await until(() => threads.addTo(own).length === own.length);
  expect(threads.addTo(own)).toEqual(own);
});
