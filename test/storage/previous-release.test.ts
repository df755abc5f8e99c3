import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FindingsResponse, TraceResponse } from "../../collector/api/responses.ts";
import { createSpans, toOtlpJson } from "../support/otlp-body.ts";
import { type NodeProcess, startNode } from "../support/processes.ts";
import { until } from "../support/until.ts";

/** The data folder that 0.1 left (see the fixture's README), taken over by this version. */
const fixture = join(import.meta.dirname, "../fixtures/data-folder-0.1/data.tar.gz");
const main = join(import.meta.dirname, "../../cli/main.ts");
const folder = mkdtempSync(join(tmpdir(), "culprit-previous-"));
let culprit: NodeProcess;
let url: string;

beforeAll(async () => {
  execFileSync("tar", ["-xzf", fixture, "-C", folder]);
  const args = [main, "start", "--port", "0", "--grpc-port", "off", "--data", folder];
  culprit = await startNode({ args });
  [, url = ""] = await culprit.waitFor(/UI +(http:\S+)/);
});

afterAll(async () => {
  await culprit.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function get<T>(path: string): Promise<T> {
  const response = await fetch(`${url}/api/v1/${path}`);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

async function storedSpans(): Promise<number> {
  return (await get<FindingsResponse>("findings")).coverage.spansStored;
}

test("its findings and their traces are shown", async () => {
  const { findings } = await get<FindingsResponse>("findings");
  expect(findings).toHaveLength(1);
  const [finding] = findings;
  expect(finding).toMatchObject({
    id: "a4a920dbb2c25b120e9281348ea7f18c",
    detector: "n-plus-one",
    summary: "GET /orders runs the same query 20 times: SELECT products",
    callSite: { file: "src/orders.ts", line: 88 },
  });
  const { traceId } = finding!.evidence.sampleTraces[0]!;
  const trace = await get<TraceResponse>(`traces/${traceId}`);
  expect(trace.spanId).toHaveLength(21);
});

test("its spans are counted, and new ones are added to them", async () => {
  expect(await storedSpans()).toBe(130);
  const answer = await fetch(`${url}/v1/traces`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: toOtlpJson(createSpans(5)),
  });
  expect(answer.status).toBe(200);
  await until(async () => (await storedSpans()) === 135);
});
