import { expect, it } from "vitest";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { librarySets, moduleSystems, startApp } from "./run-library.ts";

const runs = librarySets.flatMap((set) => moduleSystems.map((modules) => ({ set, modules })));

it.each(runs)("lines of pino have the ids of their request: $set, as $modules", async (run) => {
  const sink = await startOtlpSink();
  const app = await startApp({ library: "pino", ...run, collectorUrl: sink.url });
  try {
    const ids = [1, 2, 3, 4, 5];
    const url = `http://127.0.0.1:${app.port}`;
    await Promise.all(ids.map(async (id) => (await fetch(`${url}/one/${id}`)).arrayBuffer()));
    await sink.waitFor((spans) => spans.length === ids.length);
    const lines = app
      .output()
      .split("\n")
      .filter((line) => line.startsWith("{"));
    const logged = lines.map((line) => JSON.parse(line)).sort((a, b) => a.item - b.item);
    const expected = ids.map((id) => {
      const server = sink.spans.find(({ attributes }) => attributes["url.path"] === `/one/${id}`);
      return { item: id, msg: "handled", trace_id: server?.traceId, span_id: server?.spanId };
    });
    expect(logged).toMatchObject(expected);
  } finally {
    await app.stop();
    await sink.stop();
  }
});
