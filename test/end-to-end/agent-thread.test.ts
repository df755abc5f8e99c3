import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeAll, expect, it } from "vitest";
import { buildAgent } from "../../agent/build.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { type NodeProcess, startNode } from "../support/processes.ts";

const root = join(import.meta.dirname, "../..");
const deadlineMs = 20_000;
let app: NodeProcess;

beforeAll(buildAgent);

afterEach(() => app?.stop());

async function startApp(collector: string): Promise<(path: string) => Promise<string>> {
  app = await startNode({
    args: ["--require", join(root, "agent"), join(root, "test/fixtures/apps/ended-thread.cjs")],
    // Each span is a chunk of its own, handed over at once.
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "1" },
  });
  const [, port] = await app.waitFor(/listening on (\d+)/, deadlineMs);
  return async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
}

it("spans that the agent's thread held when it ended are counted as left out", async () => {
  // Takes connections and never answers: so nothing is sent, nor said to be late.
  const silent = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const get = await startApp(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
  for (const path of ["/1", "/2", "/3", "/end"]) expect(await get(path)).toBe("ok");
  await app.waitFor(/left out: .*thread_ended 4\b/, deadlineMs);
  silent.close();
});

it("spans after its end go to another thread, and arrive", async () => {
  const sink = await startOtlpSink();
  const get = await startApp(sink.url);
  await get("/1");
  await sink.waitFor((spans) => spans.length === 1, deadlineMs);
  await get("/end");
  // Said when the thread is gone.
  await app.waitFor(/event_loop_watch_failed 1/, deadlineMs);
  await get("/2");
  const pathOf = (path: string) => sink.spans.some((it) => it.attributes["url.path"] === path);
  await sink.waitFor(() => pathOf("/2"), deadlineMs);
  await sink.stop();
});
