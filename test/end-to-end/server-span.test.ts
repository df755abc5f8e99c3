import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DecodedSpan } from "../support/decode-otlp.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { startTracedApp, type TracedApp } from "../support/traced-app.ts";
import { patienceMs, until } from "../support/until.ts";

let sink: OtlpSink;
let app: TracedApp;

beforeEach(async () => {
  sink = await startOtlpSink();
});

afterEach(async () => {
  await app?.stop();
  await sink.stop();
});

/** Of the server span of one request. */
async function attributesOf(path: string, headers?: Readonly<Record<string, string>>) {
  await app.get(path, headers);
  return await sentAttributes(path);
}

async function sentAttributes(path: string) {
  const isServer = ({ kind, attributes }: DecodedSpan) =>
    kind === 2 && attributes["url.path"] === path;
  await sink.waitFor((spans) => spans.some(isServer));
  return sink.spans.find(isServer)!.attributes;
}

describe("a server span", () => {
  it("says how long the garbage collector held it up", async () => {
    app = await startTracedApp("profiled.cjs", {
      collectorUrl: sink.url,
      flags: ["--expose-gc"],
    });
    const held = await attributesOf("/collect/300000");
    expect(held["culprit.gc.pause_ms"]).toBeGreaterThanOrEqual(5);
    // Garbage may be collected by chance, too, and a request be held up by it: not by that one.
    let next = 0;
    await until(async () => {
      next += 1;
      return !("culprit.gc.pause_ms" in (await attributesOf(`/wait/${next}`)));
    });
  });

  it("says how long the request waited behind its proxy, in whichever unit that tells it", async () => {
    app = await startTracedApp("profiled.cjs", { collectorUrl: sink.url });
    const queuedMs = 2_000;
    const formats: readonly ((sentMs: number) => Readonly<Record<string, string>>)[] = [
      (ms) => ({ "x-request-start": `t=${(ms / 1_000).toFixed(3)}` }),
      (ms) => ({ "x-request-start": `${ms}` }),
      (ms) => ({ "x-request-start": `t=${ms}` }),
      (ms) => ({ "x-request-start": `t=${ms}000` }),
      (ms) => ({ "x-request-start": `${ms}000000` }),
      (ms) => ({ "x-queue-start": `${(ms / 1_000).toFixed(3)}` }),
      (ms) => ({ "x-queue-start": `t=${ms}000` }),
    ];
    for (const [i, toHeaders] of formats.entries()) {
      const sentMs = Date.now() - queuedMs;
      const attributes = await attributesOf(`/wait/${i}`, toHeaders(sentMs));
      const waitedMs = Number(attributes["culprit.queue.wait_ms"]);
      // The clock of a span is not the clock of the header, to the millisecond.
      expect(waitedMs).toBeGreaterThan(queuedMs - 20);
      expect(waitedMs).toBeLessThan(queuedMs + patienceMs);
    }
  });

  it("says nothing of a header that makes no sense", async () => {
    app = await startTracedApp("profiled.cjs", { collectorUrl: sink.url });
    const senseless = ["soon", "t=", "0", "-1", `${Date.now() + 60_000}`, "9".repeat(400)];
    for (const [i, value] of senseless.entries()) {
      const headers = { "x-request-start": value };
      expect(await attributesOf(`/wait/${i}`, headers)).not.toHaveProperty("culprit.queue.wait_ms");
    }
  });

  it("says of a large answer what can be done about its size, and of a small one nothing", async () => {
    app = await startTracedApp("large-answers.cjs", { collectorUrl: sink.url });
    const told = [
      "http.response.header.content-type",
      "http.response.header.content-encoding",
      "culprit.response.whole",
      "culprit.response.uncompressed",
    ];
    const tell = async (path: string, headers = { "accept-encoding": "gzip" }) => {
      // Not by `fetch`, whose parser fails on a large body before the end of its connection.
      const [response] = (await once(
        get(app.url + path, { headers, agent: false }),
        "response",
      )) as [IncomingMessage];
      await once(response.resume(), "end");
      const attributes = await sentAttributes(path);
      return told.map((name) => attributes[name]);
    };
    const json = "application/json";
    expect(await tell("/whole")).toEqual([json, undefined, true, true]);
    expect(await tell("/written-head")).toEqual([json, undefined, true, true]);
    expect(await tell("/streamed")).toEqual([json, undefined, undefined, true]);
    expect(await tell("/compressed")).toEqual([json, "gzip", true, undefined]);
    expect(await tell("/whole/2", { "accept-encoding": "identity" })).toEqual([
      json,
      undefined,
      true,
      undefined,
    ]);
    expect(await tell("/small")).toEqual(told.map(() => undefined));
    expect(sink.bodies.join()).not.toContain("c0ffee");
  });
});
