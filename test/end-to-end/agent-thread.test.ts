import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, expect, it } from "vitest";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { startTracedApp, type TracedApp } from "../support/traced-app.ts";

let app: TracedApp;

afterEach(() => app?.stop());

async function startApp(collectorUrl: string): Promise<(path: string) => Promise<string>> {
  app = await startTracedApp("ended-thread.cjs", {
    collectorUrl,
    env: {
      // Each span is a chunk of its own, handed over at once.
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "1",
      OTEL_BSP_SCHEDULE_DELAY: "5000",
      // Spans are counted here: there is none of a block of the event loop, for none is so long.
      CULPRIT_EVENT_LOOP_BLOCK_MS: "600000",
      CULPRIT_FLUSH_TIMEOUT_MS: "2000",
    },
  });
  return async (path) => (await fetch(app.url + path)).text();
}

it("spans that the agent's thread held when it ended are counted as left out", async () => {
  // Takes connections and never answers: so nothing is sent, nor said to be late.
  const silent = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const get = await startApp(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
  for (const path of ["/1", "/2", "/3", "/end"]) expect(await get(path)).toBe("ok");
  await app.waitFor(/left out: .*thread_ended 4\b/);
  silent.close();
});

it("spans after its end go to another thread, and arrive", async () => {
  const sink = await startOtlpSink();
  const get = await startApp(sink.url);
  await get("/1");
  await sink.waitFor((spans) => spans.length === 1);
  await get("/end");
  // Said when the thread is gone.
  await app.waitFor(/event_loop_watch_failed 1/);
  await get("/2");
  const pathOf = (path: string) => sink.spans.some((it) => it.attributes["url.path"] === path);
  await sink.waitFor(() => pathOf("/2"));
  await sink.stop();
});
