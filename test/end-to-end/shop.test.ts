import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { traceDetectors, windowDetectors } from "../../analyzers/index.ts";
import type { Finding } from "../../analyzers/model/finding.ts";
import type { FindingsResponse } from "../../collector/api/responses.ts";
import { DemoRun } from "../demo/demo-run.ts";
import { type LoadReport, runLoad } from "../demo/load.ts";
import { shopTraffic, startShop } from "../demo/start-shop.ts";
import { type OpenBrowser, openBrowser } from "../support/browser.ts";
import { type CulpritProcess, startCulpritProcess } from "../support/culprit-process.ts";
import { startPostgres } from "../support/postgres.ts";
import { type SlackSink, startSlackSink } from "../support/slack-sink.ts";
import { until } from "../support/until.ts";

/**
 * The main job, once, for real: the shop under the agent, its customers, the built culprit, Slack and a browser. The
 * shop is gone when the tests run: what they look at is stored.
 */
const loadMs = 62_000;
const agentPath = join(import.meta.dirname, "../../agent/dist/register.mjs");

let folder: string;
let culprit: CulpritProcess;
let slack: SlackSink;
let browser: OpenBrowser;
let findings: readonly Finding[];
let demoExitCode: number;
const said: string[] = [];

function startCulprit(): Promise<CulpritProcess> {
  return startCulpritProcess(join(folder, "data"), {
    env: { CULPRIT_SLACK_WEBHOOK_URL: slack.url, CULPRIT_ALLOW_PRIVATE_DESTINATIONS: "true" },
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-shop-"));
  slack = await startSlackSink();
  culprit = await startCulprit();
  browser = await openBrowser();
  const run = new DemoRun({ url: culprit.url, say: (line) => void said.push(line) });
  const seen = await shopUnderLoad();
  await run.waitUntilExamined();
  demoExitCode = await run.report(seen);
  findings = await readFindings();
});

afterAll(async () => {
  await browser?.close();
  await culprit?.process.stop();
  await slack?.close();
  await rm(folder, { recursive: true, force: true });
});

/** What the customers saw. */
async function shopUnderLoad(): Promise<LoadReport[]> {
  const postgres = await startPostgres();
  try {
    const shop = await startShop({ postgres, agentPath, otlpEndpoint: culprit.url });
    const seen = await runLoad({ targets: shopTraffic(shop.urls), durationMs: loadMs });
    await shop.stop();
    return seen;
  } finally {
    await postgres.stop();
  }
}

async function readFindings(): Promise<readonly Finding[]> {
  const response = await fetch(`${culprit.url}/api/v1/findings`);
  return ((await response.json()) as FindingsResponse).findings;
}

function findOrders(): Finding {
  return findings.find(
    ({ detector, endpoint }) => detector === "n-plus-one" && endpoint.route === "/orders",
  )!;
}

test("every fault of the shop is found, and no healthy endpoint is accused", () => {
  expect(demoExitCode, said.join("\n")).toBe(0);
});

test("a finding names the line of the shop's source that makes the calls", async () => {
  const { file, line } = findOrders().callSite!;
  const source = (await readFile(file, "utf8")).split("\n");
  expect(file).toMatch(/test\/demo\/shop\/orders\.ts$/);
  expect(source.slice(line - 2, line + 2).join("\n")).toContain("query");
});

test("a finding predicts p50 and p95 with an interval around them", () => {
  const { p50, p95, traces } = findOrders().prediction!;
  expect(traces).toBeGreaterThanOrEqual(30);
  for (const { beforeNs, afterNs, afterLowNs, afterHighNs } of [p50, p95]) {
    expect(afterNs).toBeLessThan(beforeNs);
    expect(afterLowNs).toBeLessThanOrEqual(afterNs);
    expect(afterHighNs).toBeGreaterThanOrEqual(afterNs);
  }
});

test("no value that the shop's customers sent is stored with a query", () => {
  for (const { shape } of findings) expect(shape?.text ?? "").not.toMatch(/@example\.com|'\d|= \d/);
});

test("Slack got one message per finding, and a restart repeats none", async () => {
  await until(() => slack.received.length >= 2);
  const before = slack.received.length;
  expect(slack.complaints).toEqual([]);
  expect(JSON.stringify(slack.received)).toContain(`/findings/${findOrders().id}`);
  expect(await culprit.process.stop()).toBe(0);
  culprit = await startCulprit();
  const runs = await culprit.metric("culprit_analysis_runs_total");
  await until(async () => (await culprit.metric("culprit_analysis_runs_total")) > runs + 1);
  await until(async () => (await culprit.metric("culprit_alerts_waiting")) === 0);
  const ids = slack.received.map(
    (message) => /findings\/([0-9a-f]{32})/.exec(JSON.stringify(message))![1],
  );
  expect(new Set(ids).size).toBe(ids.length);
  expect(slack.received.slice(0, before).length).toBe(before);
});

describe("in the browser", () => {
  async function open(path: string): Promise<{ page: Page; problems: string[] }> {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith(culprit.url)) problems.push(`asked ${request.url()}`);
    });
    await page.goto(`${culprit.url}${path}`);
    return { page, problems };
  }

  test("the findings page shows the N+1 query, and leads to its evidence, gain and fix", async () => {
    const { page, problems } = await open("/");
    await page
      .getByRole("link", { name: /N\+1.*GET \/orders runs the same query/ })
      .first()
      .click();
    await page.getByRole("heading", { level: 1, name: /GET \/orders/ }).waitFor();
    for (const region of ["What", "Evidence", "Gain", "Fix"]) {
      await page.getByRole("region", { name: region, exact: true }).waitFor();
    }
    expect(await page.getByText(/orders\.ts:\d+/).count()).toBeGreaterThan(0);
    expect(problems).toEqual([]);
  });

  test("a finding leads to the page of its detector, and that to those of all others", async () => {
    const { page, problems } = await open(`/findings/${findOrders().id}`);
    await page.getByRole("link", { name: "What is this?" }).click();
    await page.getByRole("heading", { level: 1, name: "N+1 calls" }).waitFor();
    await page.getByRole("heading", { level: 2, name: "How to fix" }).waitFor();
    await page.getByRole("link", { name: "What is looked for" }).click();
    await page.getByRole("heading", { level: 1, name: "What is looked for" }).waitFor();
    expect(await page.getByRole("main").getByRole("listitem").count()).toBe(
      traceDetectors.length + windowDetectors.length,
    );
    expect(problems).toEqual([]);
  });

  test("the waterfall of its slow trace marks the critical path, and the spans in question", async () => {
    const { page, problems } = await open(`/findings/${findOrders().id}`);
    await page.getByRole("link", { name: /slow trace/ }).click();
    const rows = page.getByRole("treegrid", { name: "Spans of the trace" });
    await rows
      .getByRole("row", { name: /SELECT order_items/ })
      .first()
      .waitFor();
    expect(await rows.locator('[data-critical="true"]').count()).toBeGreaterThan(1);
    expect(await rows.getByRole("row", { name: /on the critical path/ }).count()).toBeGreaterThan(
      1,
    );
    expect(
      await rows.getByRole("row", { name: /20 times SELECT order_items.*finding/ }).count(),
    ).toBe(1);
    expect(problems).toEqual([]);
  });

  test("the waterfall of calls to a service names what is called, and folds only what is the same", async () => {
    const { id } = findings.find(({ endpoint }) => endpoint.route === "/wishlists/:customer")!;
    const { page, problems } = await open(`/findings/${id}`);
    await page.getByRole("link", { name: /typical trace/ }).click();
    const rows = page.getByRole("treegrid", { name: "Spans of the trace" });
    await rows.getByRole("row", { name: /12 times GET \/products\/\{id\}/ }).waitFor();
    expect(problems).toEqual([]);
  });

  test("the endpoints page leads to where an endpoint's time goes", async () => {
    const { page, problems } = await open("/endpoints");
    await page.getByRole("link", { name: "GET /orders", exact: true }).click();
    const region = page.getByRole("region", { name: "Where the time goes" });
    await region
      .getByText(/SELECT order_items/)
      .first()
      .waitFor();
    expect(problems).toEqual([]);
  });
});
