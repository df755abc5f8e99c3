import { afterEach, beforeEach, expect, test } from "vitest";
import { toSamplingWeight } from "../../collector/decode/sampling-weight.ts";
import type { DecodedSpan } from "../support/decode-otlp.ts";
import { type OtlpSink, startOtlpSink } from "../support/otlp-sink.ts";
import { startTracedApp, type TracedApp } from "../support/traced-app.ts";
import { until } from "../support/until.ts";

let sink: OtlpSink;
let app: TracedApp;

beforeEach(async () => {
  sink = await startOtlpSink();
  return () => sink.stop();
});

afterEach(() => app?.stop());

async function startEcho(env: Readonly<Record<string, string>>): Promise<void> {
  app = await startTracedApp("echo.cjs", { collectorUrl: sink.url, env });
}

/** Over connections that are kept alive: there are thousands. */
async function get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  await (await fetch(app.url + path, { headers })).text();
}

/** The last 56 bits of a trace's id decide whether it is kept: `nth` of them, evenly spread, so that nothing is left to chance. */
function evenParent(nth: number, count: number): { readonly traceparent: string } {
  const randomness = (BigInt(nth) * 2n ** 56n) / BigInt(count);
  return { traceparent: `00-${"a".repeat(18)}${toHex(randomness, 14)}-${toHex(1n, 16)}-01` };
}

function toHex(value: bigint, digits: number): string {
  return value.toString(16).padStart(digits, "0");
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
    await Promise.all(paths.map((path, j) => get(path, evenParent(i + j, requests))));
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
  await until(async () => {
    await Promise.all(Array.from({ length: 50 }, () => get("/self")));
    requests += 50;
    return isShed();
  });
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
