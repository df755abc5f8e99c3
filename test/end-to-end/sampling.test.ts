import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { buildAgent } from "../../agent/build.ts";
import { toSamplingWeight } from "../../collector/decode/sampling-weight.ts";
import type { DecodedSpan } from "../support/decode-otlp.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { startTracedApp, type TracedApp } from "../support/traced-app.ts";

const deadlineMs = 60_000;
let sink: OtlpSink;
let app: TracedApp;

beforeAll(buildAgent);

beforeEach(async () => {
  sink = await startOtlpSink();
  return () => sink.stop();
});

afterEach(() => app?.stop());

async function startEcho(env: Readonly<Record<string, string>>): Promise<void> {
  app = await startTracedApp("echo.cjs", { collectorUrl: sink.url, env });
}

/** Over connections that are kept alive: there are thousands. */
async function get(path: string): Promise<void> {
  await (await fetch(app.url + path)).text();
}

const isServer = ({ kind }: DecodedSpan) => kind === 2;
const weightOf = ({ traceState }: DecodedSpan) => toSamplingWeight(traceState);
const sumOfWeights = (spans: readonly DecodedSpan[]) =>
  spans.reduce((sum, span) => sum + weightOf(span), 0);

test("with a tail decision failed requests are all sent, and of the others a tenth that counts for all", async () => {
  await startEcho({ CULPRIT_TAIL_RATIO: "0.1" });
  const [requests, failing] = [2_000, 100];
  for (let i = 0; i < requests; i += 20) {
    const paths = Array.from({ length: 20 }, (_, j) => (j === 0 ? "/fail" : `/page/${i + j}`));
    await Promise.all(paths.map(get));
  }
  expect(await app.stop()).toBe("SIGTERM");
  const servers = sink.spans.filter(isServer);
  const failed = servers.filter(({ isError }) => isError);
  expect(failed).toHaveLength(failing);
  expect(sumOfWeights(failed)).toBe(failing);
  expect(servers.length).toBeLessThan(requests / 2);
  expect(sumOfWeights(servers) / requests).toBeGreaterThan(0.75);
  expect(sumOfWeights(servers) / requests).toBeLessThan(1.25);
});

test("an agent above its limit sheds evidence, then traces, and the rest counts for what is left out", async () => {
  await startEcho({ CULPRIT_CPU_PERCENT_MAX: "1" });
  let requests = 0;
  const isShed = () => sink.spans.some((span) => isServer(span) && weightOf(span) >= 4);
  const deadline = Date.now() + deadlineMs;
  while (!isShed() && Date.now() < deadline) {
    await Promise.all(Array.from({ length: 50 }, () => get("/self")));
    requests += 50;
  }
  expect(await app.stop()).toBe("SIGTERM");
  expect(app.output()).toMatch(/CulpritWarning: the agent takes \d+ % .* call sites and hashes/);

  // A request to /self is one of the client's, and one that the application makes of itself.
  const servers = sink.spans.filter(isServer);
  expect(sumOfWeights(servers) / (2 * requests)).toBeGreaterThan(0.8);
  expect(sumOfWeights(servers) / (2 * requests)).toBeLessThan(1.2);
  const calls = sink.spans.filter(({ kind }) => kind === 3);
  const withHash = calls.filter(({ attributes }) => "culprit.params_hash" in attributes);
  const sampled = calls.filter((span) => weightOf(span) > 1);
  expect(withHash.length).toBeGreaterThan(0);
  expect(sampled.length).toBeGreaterThan(0);
  for (const { attributes } of sampled)
    expect(attributes).not.toHaveProperty("culprit.params_hash");
});
