import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startCulpritProcess } from "../support/culprit-process.ts";
import type { DecodedLog } from "../support/decode-otlp.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { startTracedApp, type TracedApp } from "../support/traced-app.ts";
import { until } from "../support/until.ts";

const root = join(import.meta.dirname, "../..");
const file = join(root, "test/fixtures/apps/profiled.cjs");
/** V8 tells the time of a loop that it compiled while it ran, before the profile began, as that of its caller. */
const withoutOsr = "--no-use-osr";
/** Of every request. */
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
let sink: OtlpSink;
let app: TracedApp;

beforeEach(async () => {
  sink = await startOtlpSink();
});

afterEach(async () => {
  await app?.stop();
  await sink.stop();
});

async function startApp(
  env: Record<string, string>,
  flags: readonly string[] = [],
  collectorUrl = sink.url,
): Promise<(path: string) => Promise<void>> {
  app = await startTracedApp("profiled.cjs", {
    collectorUrl,
    env: { CULPRIT_EVENT_LOOP_BLOCK_MS: "0", ...env },
    flags: [withoutOsr, ...flags],
  });
  const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
  return async (path) => {
    await app.get(path, headers);
  };
}

const isCpuProfile = ({ eventName }: DecodedLog) => eventName === "culprit.cpu_profile";

/** Requests again and again until a record of this name has come. */
async function requestUntil(eventName: string, request: () => Promise<unknown>) {
  await until(async () => {
    await request();
    return sink.logs.some((log) => log.eventName === eventName);
  });
  return sink.logs.find((log) => log.eventName === eventName)!;
}

/** `name` → milliseconds. */
function timesOf(log: DecodedLog, attribute: string): Map<string, number> {
  const lines = String(log.attributes[attribute]).split("\n");
  return new Map(
    lines.map((line) => line.split(/ (.*)/, 2)).map(([ms, name]) => [name!, Number(ms)]),
  );
}

async function lineOf(text: string): Promise<number> {
  const lines = (await readFile(file, "utf8")).split("\n");
  return lines.findIndex((line) => line.includes(text)) + 1;
}

describe("a CPU profile", () => {
  it("by a signal says which function and which route took the time", async () => {
    const get = await startApp({
      CULPRIT_PROFILE_SIGNAL: "SIGUSR2",
      CULPRIT_PROFILE_DURATION_MS: "4000",
    });
    await get("/wait/1");
    process.kill(app.pid, "SIGUSR2");
    const profile = await requestUntil("culprit.cpu_profile", () =>
      Promise.all([get("/burn/40"), get("/late/40"), get("/wait/100")]),
    );

    const routes = timesOf(profile, "culprit.profile.routes");
    const self = timesOf(profile, "culprit.profile.self");
    const spun = self.get(`spin (test/fixtures/apps/profiled.cjs:${await lineOf("// the loop")})`)!;
    expect(spun).toBeGreaterThan(100);
    // A half each, and nothing; on a busy machine there are few samples, and each stands for what was waited for a CPU.
    const [burnt = 0, late = 0, waited = 0] = ["burn", "late", "wait"].map((name) =>
      routes.get(`GET /${name}/:ms`),
    );
    expect(burnt).toBeGreaterThan(spun / 10);
    expect(late).toBeGreaterThan(spun / 10);
    expect(waited).toBeLessThan(burnt + late);
    expect(profile.attributes).toMatchObject({
      "culprit.profile.trigger": "signal",
      "code.file.path": file,
      "code.line.number": await lineOf("// the loop"),
      "code.function.name": "spin",
    });
    expect(profile.attributes["culprit.profile.stacks"]).toMatch(
      /\[express\].*;spin \(test\/fixtures\/apps\/profiled\.cjs:\d+\) \d+/,
    );
    expect(profile.body).toContain("spin (test/fixtures/apps/profiled.cjs:");
    expect(profile.traceId).toBe(traceId);
    expect(app.output()).not.toContain("Warning");
  });

  it("is taken when the event loop is blocked again and again, and not again soon", async () => {
    const get = await startApp({
      CULPRIT_EVENT_LOOP_BLOCK_MS: "100",
      CULPRIT_PROFILE_DURATION_MS: "500",
    });
    let requests = 0;
    const block = () => get(`/block-${requests++ % 30}/300`);
    const profile = await requestUntil("culprit.cpu_profile", block);
    expect(profile.attributes["culprit.profile.trigger"]).toBe("event_loop_block");
    for (let i = 0; i < 4; i += 1) await block();
    await get("/wait/600");
    await sink.waitFor((spans) => spans.some(({ name }) => name === "GET /wait/:ms"));
    expect(sink.logs.filter(isCpuProfile)).toHaveLength(1);
  });

  it("is taken when a route is slow again and again, and computes", async () => {
    const get = await startApp({ CULPRIT_PROFILE_DURATION_MS: "500" });
    const profile = await requestUntil("culprit.cpu_profile", () => get("/burn/1100"));
    expect(profile.attributes["culprit.profile.trigger"]).toBe("slow_route");
  });

  it("is taken when the event loop has had no rest for half a minute", async () => {
    const get = await startApp({ CULPRIT_PROFILE_DURATION_MS: "500" });
    await get("/busy");
    const profile = await requestUntil("culprit.cpu_profile", () => get("/wait/1"));
    expect(profile.attributes).toMatchObject({
      "culprit.profile.trigger": "event_loop_utilization",
      "code.function.name": "spin",
    });
  });
});

describe("profiling", () => {
  it("all the time gives one profile after the other", async () => {
    const get = await startApp({
      CULPRIT_PROFILE: "continuous",
      CULPRIT_PROFILE_DURATION_MS: "500",
    });
    await until(async () => {
      await get("/burn/20");
      return sink.logs.filter(isCpuProfile).length >= 3;
    });
    const profiles = sink.logs.filter(isCpuProfile);
    const triggers = profiles.map(({ attributes }) => attributes["culprit.profile.trigger"]);
    expect(new Set(triggers)).toEqual(new Set(["continuous"]));
    expect(timesOf(profiles[1]!, "culprit.profile.routes").get("GET /burn/:ms")).toBeGreaterThan(0);
  });

  it("leaves the end of the process as it is", async () => {
    const get = await startApp({
      CULPRIT_PROFILE_SIGNAL: "SIGUSR2",
      CULPRIT_PROFILE_DURATION_MS: "60000",
    });
    process.kill(app.pid, "SIGUSR2");
    await get("/burn/300");
    await get("/exit").catch(() => undefined);
    expect(await app.ended).toBe(3);
    expect(app.output()).toMatch(/^listening on \d+\n$/);
  });

  it("is off when it is switched off", async () => {
    const get = await startApp({
      CULPRIT_PROFILE: "off",
      CULPRIT_PROFILE_DURATION_MS: "100",
      CULPRIT_EVENT_LOOP_BLOCK_MS: "100",
    });
    for (let i = 0; i < 5; i += 1) await get("/block-0/300");
    await get("/wait/300");
    expect(await app.stop()).toBe("SIGTERM");
    expect(sink.logs).toEqual([]);
  });
});

describe("a profile in culprit", () => {
  it("is among the logs of the trace that it explains", async () => {
    const folder = await mkdtemp(join(tmpdir(), "culprit-profiles-"));
    const culprit = await startCulpritProcess(folder);
    try {
      const env = { CULPRIT_PROFILE_SIGNAL: "SIGUSR2", CULPRIT_PROFILE_DURATION_MS: "3000" };
      const get = await startApp(env, [], culprit.url);
      // The thread is started with the first request.
      await get("/burn/50");
      process.kill(app.pid, "SIGUSR2");
      const readLogs = async () => {
        const answer = await fetch(`${culprit.url}/api/v1/traces/${traceId}/logs`);
        const { logs } = (await answer.json()) as { logs?: DecodedLog[] };
        return logs ?? [];
      };
      // Found once a span of the trace is stored, too.
      await until(async () => {
        await get("/burn/50");
        return (await readLogs()).length > 0;
      });
      const logs = await readLogs();
      expect(logs.map(({ eventName }) => eventName)).toEqual(["culprit.cpu_profile"]);
      // A function that is called so often may be made a part of its caller.
      expect(logs[0]?.body).toMatch(
        /% busy; most of the application's time in .+ \(test\/.+profiled\.cjs:\d+\); .+ GET \/burn/,
      );
    } finally {
      await app.stop();
      await culprit.process.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe("a heap that grows", () => {
  it("is told with the place that allocates what stays", async () => {
    const env = { CULPRIT_HEAP_WINDOW_MS: "1500" };
    const get = await startApp(env, ["--expose-gc"]);
    const growth = await requestUntil("culprit.heap_growth", () => get("/leak/10000"));
    expect(growth.body).toContain("remember (test/fixtures/apps/profiled.cjs:");
    expect(growth.attributes).toMatchObject({
      "code.file.path": file,
      "code.function.name": "remember",
    });
    expect(Number(growth.attributes["culprit.heap.grown_bytes"])).toBeGreaterThan(1_000_000);
  });
});
