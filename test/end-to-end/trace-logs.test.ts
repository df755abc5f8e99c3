import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type OpenBrowser, openBrowser } from "../support/browser.ts";
import { type CulpritProcess, startCulpritProcess } from "../support/culprit-process.ts";
import { toOtlpJson } from "../support/otlp-body.ts";
import { loopTrace } from "../support/stored-traces.ts";
import { until } from "../support/until.ts";

let folder: string;
let culprit: CulpritProcess;
let browser: OpenBrowser;
let page: Page;

const chatty = loopTrace({ queries: 3 });
const silent = loopTrace({ queries: 3 });
const [server, query] = chatty as [(typeof chatty)[0], (typeof chatty)[0]];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-trace-logs-"));
  culprit = await startCulpritProcess(folder);
  await send("/v1/traces", toOtlpJson([...chatty, ...silent]));
  await send("/v1/logs", JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }));
  await until(async () => (await culprit.metric("culprit_stored_log_records_total")) === 2);
  await until(async () => (await culprit.metric("culprit_stored_spans_total")) === 8);
  browser = await openBrowser();
  page = await browser.newPage();
});
afterAll(async () => {
  await browser?.close();
  await culprit?.process.stop();
  await rm(folder, { recursive: true, force: true });
});

const at = (ms: number) => `${server.startMs + ms}000000`;
const logRecords = [
  {
    timeUnixNano: at(7),
    traceId: server.traceId,
    spanId: query.spanId,
    severityNumber: 13,
    body: { stringValue: "<b>slow</b> query" },
    attributes: [{ key: "rows", value: { intValue: "9007199254740993" } }],
  },
  {
    timeUnixNano: at(-3),
    traceId: server.traceId,
    severityText: "notice",
    body: { stringValue: "before all spans" },
  },
];

async function send(path: string, body: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(culprit.url + path, { method: "POST", headers, body });
  expect([path, response.status, await response.json()]).toEqual([path, 200, {}]);
}

test("the page of a trace lists its logs by time, as text, with the span that wrote them", async () => {
  await page.goto(`${culprit.url}/traces/${server.traceId}`);
  const logs = page.getByRole("list", { name: "Logs of the trace" }).getByRole("listitem");
  await logs.first().waitFor();
  const texts = (await logs.allInnerTexts()).map((text) => text.replaceAll("\u00a0", " "));
  expect(texts.map((text) => text.split(/\s*\n\s*/))).toEqual([
    ["−3 ms", "notice", "unknown_service", "before all spans"],
    expect.arrayContaining(["+7 ms", "WARN", "<b>slow</b> query", "Show span"]),
  ]);
  await page.getByText("<b>slow</b> query").click();
  await page.getByText("9007199254740993").waitFor();
  await page.getByRole("button", { name: "Show span" }).click();
  await page.getByRole("complementary", { name: "Span details" }).waitFor();
});

test("the page of a trace without logs says how they come there", async () => {
  await page.goto(`${culprit.url}/traces/${silent[0]!.traceId}`);
  await page.getByText("No log carries this trace's id.").waitFor();
});
