import { BroadcastChannel, threadId, type Worker } from "node:worker_threads";
import type { Metric, MetricSource } from "./metric.ts";

/** However rarely metrics are exported: a scrape comes when it likes. */
const intervalMsMax = 10_000;

/** Each worker thread has its own: on a common one all would get what each says. */
const channelName = (id: number) => `culprit.metrics.${process.pid}.${id}`;

/** In a worker thread: tells the main thread, which exports it, again and again what is measured here. */
export function reportToMainThread(sources: readonly MetricSource[], intervalMs: number): void {
  const channel = new BroadcastChannel(channelName(threadId));
  channel.unref();
  const report = () => channel.postMessage(sources.flatMap((read) => read()));
  setInterval(report, Math.min(intervalMs, intervalMsMax)).unref();
}

/** In the main thread: what its worker threads have told last, while they run. */
export class ThreadMetrics {
  readonly #reports = new Map<number, readonly Metric[]>();

  follow(worker: Worker): void {
    const { threadId: id } = worker;
    const channel = new BroadcastChannel(channelName(id));
    channel.onmessage = (event) => {
      this.#reports.set(id, (event as { readonly data: readonly Metric[] }).data);
    };
    channel.unref();
    worker.once("exit", () => {
      channel.close();
      this.#reports.delete(id);
    });
  }

  /** The same metrics, with the points of worker threads among the others, each with its thread's number. */
  addTo(metrics: readonly Metric[]): readonly Metric[] {
    if (this.#reports.size === 0) return metrics;
    const byName = new Map(metrics.map((metric) => [metric.name, metric]));
    for (const [id, reported] of this.#reports) {
      for (const metric of reported) {
        const own = metric.points.map((point) => ({
          ...point,
          attributes: { ...point.attributes, "thread.id": id },
        }));
        const others = byName.get(metric.name)?.points ?? [];
        byName.set(metric.name, { ...metric, points: [...others, ...own] } as Metric);
      }
    }
    return [...byName.values()];
  }
}
