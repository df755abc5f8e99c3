import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bareEnvironment } from "../support/config.ts";
import type { RunningServer } from "../support/debian-server.ts";
import type { DecodedSpan } from "../support/decode-otlp.ts";
import { startOtlpSink } from "../support/otlp-sink.ts";
import { startRedis, startRedisCluster } from "../support/redis.ts";
import { agentFolder } from "../support/traced-app.ts";
import { installLibraries } from "./install-libraries.ts";

interface CasesRun {
  readonly answers: Readonly<Record<string, unknown>>;
  readonly standardError: string;
  /** Calls of the request of a case, in order of their start. */
  callsOf(name: string): readonly DecodedSpan[];
}

/** Runs cases without the agent and with it: the application must see the same. */
async function runCases(
  servers: readonly RunningServer[],
  ...cases: readonly string[]
): Promise<CasesRun> {
  const file = join(await installLibraries("newest"), "ioredis-cases.cjs");
  const sink = await startOtlpSink();
  const run = (...flags: readonly string[]) =>
    promisify(execFile)(process.execPath, [...flags, file, "ioredis", ...cases], {
      env: {
        ...bareEnvironment,
        SERVER_PORT: servers.map(({ port }) => port).join(","),
        OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
        CULPRIT_FLUSH_TIMEOUT_MS: "60000",
      },
    });
  try {
    const bare = await run();
    const { stdout, stderr } = await run("--require", agentFolder);
    const answers = JSON.parse(stdout) as CasesRun["answers"];
    expect(answers).toEqual(JSON.parse(bare.stdout));
    return {
      answers,
      standardError: stderr,
      callsOf(name) {
        const isServer = ({ kind, attributes }: DecodedSpan) =>
          kind === 2 && attributes["url.path"] === `/${name}`;
        const { traceId } = sink.spans.find(isServer)!;
        const isCall = (span: DecodedSpan) => span.traceId === traceId && span.kind === 3;
        const isRedis = ({ attributes }: DecodedSpan) => attributes["db.system.name"] === "redis";
        return sink.spans.filter((span) => isCall(span) && isRedis(span));
      },
    };
  } finally {
    await sink.stop();
  }
}

const namesOf = (calls: readonly DecodedSpan[]) => calls.map(({ name }) => name);

describe("ioredis with one server", () => {
  let redis: RunningServer;

  beforeAll(async () => {
    redis = await startRedis();
  });

  afterAll(() => redis?.stop());

  it("has the commands of a transaction, and takes no answer that they are queued for a value", async () => {
    const { answers, callsOf } = await runCases([redis], "multi", "discarded");
    expect(answers).toMatchObject({
      multi: [["OK", "v", expect.any(String)], "QUEUED", [[null, "OK"]]],
    });
    const calls = callsOf("multi");
    expect(namesOf(calls)).toEqual(["MULTI", "SET", "GET", "INCR", "EXEC", "MULTI", "SET", "EXEC"]);
    expect(calls[2]?.attributes).not.toHaveProperty("culprit.cache.hit");
    expect(calls[2]?.attributes).not.toHaveProperty("culprit.cache.value_bytes");
    const failed = callsOf("discarded").filter(({ isError }) => isError);
    expect(failed.map(({ attributes }) => attributes["error.type"])).toEqual(["ERR", "EXECABORT"]);
  });

  it("has a blocking command with the time that it blocks, and one that its connection cuts off", async () => {
    const { callsOf } = await runCases([redis], "blocking");
    const pops = callsOf("blocking").filter(({ name }) => name === "BLPOP");
    expect(pops.map(({ isError }) => isError)).toEqual([false, false, true]);
  });

  it("names no command that Redis does not have", async () => {
    const { callsOf } = await runCases([redis], "unknown");
    const [unknown, ofModule] = callsOf("unknown");
    expect(unknown).toMatchObject({ name: "redis", isError: true });
    expect(JSON.stringify(unknown)).not.toMatch(/bob|secret/i);
    expect(ofModule?.name).toBe("JSON.GET");
  });

  it("has each command once when a pipeline is sent again after a lost connection", async () => {
    const { answers, callsOf } = await runCases([redis], "resent");
    expect(answers).toEqual({
      resent: [
        expect.arrayContaining([
          [null, "OK"],
          [null, 2],
        ]),
        3,
      ],
    });
    const calls = callsOf("resent").filter(({ name }) => /^(SET|INCR|GET)$/.test(name));
    expect(namesOf(calls)).toEqual(["SET", "INCR", "GET", "INCR"]);
    expect(calls.every(({ isError }) => !isError)).toBe(true);
  });

  it("has commands that ioredis makes a pipeline of in the requests that they belong to", async () => {
    const { callsOf } = await runCases([redis], "one,two");
    expect(namesOf(callsOf("one"))).toEqual(["GET", "SET"]);
    expect(namesOf(callsOf("two"))).toEqual(["GET"]);
  });

  it("unloads itself after five failures, and nobody notices, also of errors that nobody handles", async () => {
    const { answers, standardError, callsOf } = await runCases(
      [redis],
      "unhandled",
      "multi",
      "broken",
      "after",
    );
    const wrongType = expect.stringMatching(/^WRONGTYPE/);
    expect(answers).toMatchObject({
      unhandled: [wrongType],
      broken: [...Array(6).fill("OK"), /* */ expect.stringContaining("WRONGTYPE"), wrongType],
    });
    expect(callsOf("multi")).not.toEqual([]);
    expect(callsOf("after")).toEqual([]);
    expect(standardError).toContain("the instrumentation of ioredis failed: not today");
  });
});

describe("ioredis with a cluster", () => {
  let servers: readonly RunningServer[] = [];

  beforeAll(async () => {
    servers = await startRedisCluster();
  });

  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  it("has commands that waited for the cluster in the requests that they belong to", async () => {
    const { callsOf } = await runCases(servers, "early,late,latePipeline");
    const ofApp = (name: string) => namesOf(callsOf(name)).filter((it) => /^[GS]ET$/.test(it));
    expect(ofApp("early")).toEqual(["SET", "GET"]);
    expect(ofApp("late")).toEqual(["GET"]);
    expect(ofApp("latePipeline")).toEqual(["GET", "GET"]);
  });

  it("has a command once that a server redirects, and says it only of a pipeline, which is sent twice", async () => {
    const { answers, callsOf } = await runCases(servers, "early", "moved", "movedPipeline");
    expect(answers).toMatchObject({
      moved: [null, null, null],
      movedPipeline: [
        [null, null],
        [null, null],
      ],
    });
    const moved = callsOf("moved").filter(({ name }) => name === "GET");
    expect(moved.map(({ isError }) => isError)).toEqual([false, false, false]);
    const piped = callsOf("movedPipeline")
      .filter(({ name }) => name === "GET")
      .slice(1);
    expect(piped.map(({ attributes }) => attributes["error.type"])).toEqual([
      "MOVED",
      "MOVED",
      undefined,
      undefined,
    ]);
  });
});
