import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createMetrics, type MetricSource } from "./metrics.ts";

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Serves the sources; scrapes once a call. */
async function serve(sources: readonly MetricSource[]) {
  const metrics = createMetrics(sources);
  const server = createServer(metrics.handle).listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(
    () => server.close(),
    () => metrics.close(),
  );
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return async () => {
    const response = await fetch(url);
    return { type: response.headers.get("content-type"), text: await response.text() };
  };
}

/** Value by labels, of the scope's labels none. */
function valuesOf(text: string, name: string): Record<string, number> {
  const lines = text.split("\n").filter((line) => new RegExp(`^${name}[{ ]`).test(line));
  return Object.fromEntries(
    lines.map((line) => {
      const label = /(?:reason|detector)="((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? "";
      return [label, Number(line.split(" ").at(-1))];
    }),
  );
}

const source = (
  name: string,
  kind: MetricSource["kind"],
  read: MetricSource["read"],
): MetricSource => ({ name, description: `about ${name}`, kind, read });

test("a scrape reads what the parts count at that moment, as Prometheus' text", async () => {
  let spans = 3;
  const scrape = await serve([
    source("culprit_accepted_spans", "counter", () => spans),
    source("culprit_journal_bytes", "gauge", () => 12.5),
  ]);
  const { type, text } = await scrape();
  expect(type).toContain("text/plain");
  expect(text).toContain("# HELP culprit_accepted_spans_total about culprit_accepted_spans");
  expect(text).toContain("# TYPE culprit_accepted_spans_total counter");
  expect(text).toContain("# TYPE culprit_journal_bytes gauge");
  expect(valuesOf(text, "culprit_accepted_spans_total")).toEqual({ "": 3 });
  expect(valuesOf(text, "culprit_journal_bytes")).toEqual({ "": 12.5 });
  spans = 5;
  expect(valuesOf((await scrape()).text, "culprit_accepted_spans_total")).toEqual({ "": 5 });
});

test("a counter with reasons has a line for each, and nothing in a reason breaks a line", async () => {
  const scrape = await serve([
    source("culprit_dropped", "counter", () => [
      [{ reason: "corrupt" }, 1] as const,
      [{ reason: 'a "quote"\nand a line' }, 2] as const,
    ]),
  ]);
  expect(valuesOf((await scrape()).text, "culprit_dropped_total")).toEqual({
    corrupt: 1,
    'a \\"quote\\"\\nand a line': 2,
  });
});

test("a source that fails hides no other", async () => {
  const scrape = await serve([
    source("culprit_broken", "gauge", () => {
      throw new Error("no file");
    }),
    source("culprit_sound", "gauge", () => 1),
  ]);
  const { text } = await scrape();
  expect(valuesOf(text, "culprit_sound")).toEqual({ "": 1 });
  expect(valuesOf(text, "culprit_broken")).toEqual({});
});

test("a source that fails is counted", async () => {
  const scrape = await serve([
    source("culprit_broken", "gauge", () => {
      throw new Error("no file");
    }),
  ]);
  await scrape();
  expect(valuesOf((await scrape()).text, "culprit_metric_errors_total")).toEqual({ "": 2 });
});

test("what belongs together is read together, whatever else waits for its turn", async () => {
  let moved = 0;
  const move = () => {
    moved += 1;
    if (moved < 10_000) queueMicrotask(move);
  };
  const scrape = await serve([
    source("culprit_first", "gauge", () => {
      queueMicrotask(move);
      return moved;
    }),
    source("culprit_second", "gauge", () => moved),
  ]);
  const { text } = await scrape();
  expect(valuesOf(text, "culprit_first")).toEqual(valuesOf(text, "culprit_second"));
});
