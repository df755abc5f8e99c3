import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DecodedSpan } from "../support/decode-otlp.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { startTracedApp, type TracedApp } from "../support/traced-app.ts";
import { until } from "../support/until.ts";

const root = join(import.meta.dirname, "../..");
const file = join(root, "test/fixtures/apps/blocking.cjs");
let sink: OtlpSink;
let app: TracedApp;

beforeEach(async () => {
  sink = await startOtlpSink();
});

afterEach(async () => {
  await app?.stop();
  await sink.stop();
});

async function startApp(env: Record<string, string> = {}): Promise<void> {
  app = await startTracedApp("blocking.cjs", { collectorUrl: sink.url, env });
}

const isBlock = ({ name }: DecodedSpan) => name === "event loop blocked";
const traceOf = (path: string) =>
  sink.spans.findLast(({ attributes }) => attributes["url.path"] === path)?.traceId;
/** The longest one: that a request begins may take long on a busy machine, too. */
const blockIn = (path: string) =>
  sink.spans
    .filter((span) => isBlock(span) && span.traceId === traceOf(path))
    .toSorted((one, other) => lengthOf(other) - lengthOf(one))[0];
const lengthOf = ({ attributes }: DecodedSpan) => Number(attributes["culprit.event_loop.block_ms"]);
const isOf = (name: string, path: string) =>
  blockIn(path)?.attributes["code.function.name"] === name;

/**
 * `/wait` is open while another request blocks; settles when both are told, with the function that blocks. On a machine
 * with other work to do the thread that watches may start late, or get no time while it should look: then the block is
 * none, or has no stack, or one of what came after it. Then another process tries it, since each takes a few stacks a
 * minute only.
 */
async function blockWith(path: string, name: string): Promise<void> {
  let attempts = 0;
  await until(async () => {
    attempts += 1;
    if (attempts > 1) await app.stop();
    await startApp();
    // The thread is started with the first request.
    await app.get("/");
    const waiting = app.get("/wait");
    await app.waitFor(/waiting/);
    const blocking = app.get(path);
    expect(await Promise.all([waiting, blocking])).toEqual(["ok", "ok"]);
    // The spans of blocks come first: the server span of a later request is behind them.
    const after = `/after-${attempts}`;
    await app.get(after);
    await sink.waitFor(() => traceOf(after) !== undefined);
    return isOf(name, path) && isOf(name, "/wait");
  });
}

async function lineOf(text: string): Promise<number> {
  const lines = (await readFile(file, "utf8")).split("\n");
  return lines.findIndex((line) => line.includes(text)) + 1;
}

describe("a block of the event loop", () => {
  it.each([
    ["a loop", "/burn", "burn", "// the loop"],
    ["native code", "/hash", "hash", "// the hash"],
  ])(
    "by %s is told in every open request, with the line that blocks",
    async (_, path, name, text) => {
      await blockWith(path, name);

      for (const block of [blockIn(path), blockIn("/wait")]) {
        expect(block?.attributes).toMatchObject({
          "code.file.path": file,
          "code.function.name": name,
          "code.line.number": await lineOf(text),
          "culprit.event_loop.requests": 2,
          "culprit.event_loop.is_cause": block === blockIn(path),
        });
        expect(block?.attributes["culprit.event_loop.block_ms"]).toBeGreaterThan(200);
        expect(block?.attributes["code.stacktrace"]).toContain(`at ${name} (${file}:`);
      }
      expect(app.output()).not.toContain("Warning");
    },
  );

  it("tells on each server span how long it was held up", async () => {
    await blockWith("/burn", "burn");
    const held = sink.spans.findLast(({ attributes }) => attributes["url.path"] === "/wait");
    expect(held?.attributes["culprit.event_loop.delay_ms"]).toBeGreaterThan(200);
  });

  it("shorter than the limit is not told", async () => {
    await startApp({ CULPRIT_EVENT_LOOP_BLOCK_MS: "60000" });
    await app.get("/");
    await app.get("/burn");
    await sink.waitFor(() => traceOf("/burn") !== undefined);
    expect(await app.stop()).toBe("SIGTERM");
    expect(sink.spans.filter(isBlock)).toEqual([]);
  });

  it("is not looked for, and no thread runs for it, when the limit is 0", async () => {
    const threads = async () =>
      (await readFile(`/proc/${app.pid}/status`, "utf8")).match(/Threads:\s+(\d+)/)?.[1];
    // Nor for spans, which are sent at the end.
    const atTheEnd = { OTEL_BSP_SCHEDULE_DELAY: "600000" };
    await startApp({ ...atTheEnd, CULPRIT_EVENT_LOOP_BLOCK_MS: "0" });
    await app.get("/");
    const without = Number(await threads());
    await app.stop();
    await startApp(atTheEnd);
    await app.get("/");
    await until(async () => Number(await threads()) > without);
  });
});

describe("the watch", () => {
  it("lets a process end that was blocked a moment ago", async () => {
    await startApp();
    await app.get("/burn");
    await app.get("/close");
    expect(await app.ended).toBe(0);
  });

  it("leaves the exit code to an application that ends while it is blocked", async () => {
    await startApp();
    await app.get("/");
    await app.get("/exit");
    expect(await app.ended).toBe(3);
  });
});
