import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DecodedSpan } from "../support/decode-otlp.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { startTracedApp, type TracedApp } from "../support/traced-app.ts";
import { until } from "../support/until.ts";

let sink: OtlpSink;
let app: TracedApp;

beforeEach(async () => {
  sink = await startOtlpSink();
});

afterEach(async () => {
  await app?.stop();
  await sink.stop();
});

const isServer = ({ kind }: DecodedSpan) => kind === 2;

describe("a server in a worker thread", () => {
  it("tells blocks of its own event loop", async () => {
    app = await startTracedApp("worker-server.cjs", { collectorUrl: sink.url });
    const isBlock = ({ name }: DecodedSpan) => name === "event loop blocked";
    // On a busy machine it may not be told: the thread may have waited for a CPU.
    await until(async () => {
      await app.get("/burn");
      return sink.spans.some(isBlock);
    });
    const block = sink.spans.find(isBlock);
    expect(block?.attributes["culprit.event_loop.block_ms"]).toBeGreaterThan(200);
    // It may run to its end before it is known that it blocked: then the server span comes after it.
    await sink.waitFor((spans) => spans.some(({ spanId }) => spanId === block?.parentSpanId));
  });

  it("loses no more than half a second of spans when it is terminated", async () => {
    app = await startTracedApp("worker-server.cjs", {
      collectorUrl: sink.url,
      env: { OTEL_BSP_SCHEDULE_DELAY: "60000", CULPRIT_EVENT_LOOP_BLOCK_MS: "0" },
    });
    await app.get("/");
    // Long before its delay, and while the worker runs.
    await sink.waitFor((spans) => spans.some(isServer));
    process.kill(app.pid, "SIGUSR2");
    await app.waitFor(/terminated with 1/);
    expect(await app.ended).toBe(0);
    expect(sink.spans.filter(isServer)).toHaveLength(1);
  });

  it("is measured, with the number of its thread, and the process once", async () => {
    app = await startTracedApp("worker-server.cjs", {
      collectorUrl: sink.url,
      env: { OTEL_METRICS_EXPORTER: "otlp", OTEL_METRIC_EXPORT_INTERVAL: "200" },
    });
    await app.get("/burn");
    const last = () => (sink.metricBodies.at(-1) ?? Buffer.alloc(0)).toString("latin1");
    const count = (text: string) => last().split(text).length - 1;
    await until(() => last().includes("http.server.request.duration"));
    for (const name of ["http.server.request.duration", "v8js.gc.duration"]) {
      expect(count(name), name).toBe(1);
    }
    // Each of these of the main thread, and of its own.
    expect(count("nodejs.eventloop.utilization")).toBe(1);
    expect(count("thread.id")).toBeGreaterThan(10);
    expect(count("process.cpu.time")).toBe(1);
  });
});
