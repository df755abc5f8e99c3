import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Finding } from "../../analyzers/model/finding.ts";
import type { FindingsResponse, TraceResponse } from "../../collector/api/responses.ts";
import { openBrowser } from "../support/browser.ts";
import { type CulpritProcess, startCulpritProcess } from "../support/culprit-process.ts";
import { type OtlpSpan, toOtlpJson } from "../support/otlp-body.ts";
import { loopTrace } from "../support/stored-traces.ts";
import { until } from "../support/until.ts";

/** What exporters do to traces changes no verdict for the worse; and what is not reported has its reason on the page. */
let folder: string;
let culprit: CulpritProcess;
/** When the first export of each route was examined, and when everything was. */
let before: readonly Finding[];
let after: readonly Finding[];

const requests = (route: string, count: number, queries: number) =>
  Array.from({ length: count }, () => loopTrace({ route, queries })).flat();
const whole = requests("/whole", 5, 20);
const split = requests("/split", 5, 20);
const late = requests("/late", 5, 20);
const lateRoot = requests("/late-root", 5, 20);
const silent = requests("/silent", 5, 20);
const tenants = loopTrace({ route: "/tenants", queries: 9 }).map((span, i) => ({
  ...span,
  attributes: { ...span.attributes, ...(i > 0 && { "db.namespace": `tenant_${i}` }) },
}));
const isRoot = ({ parentSpanId }: OtlpSpan) => parentSpanId === undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-verdicts-"));
  culprit = await startCulpritProcess(folder);
  await send([...whole, ...silent, ...tenants]);
  await send(split.filter((_, i) => i % 2 === 1));
  await send(split.filter((_, i) => i % 2 === 0));
  await send(late.filter((span, i) => isRoot(span) || i % 2 === 0));
  await send(lateRoot.filter((span) => !isRoot(span)));
  await untilExamined(26);
  before = await readOnce((findings) => claims(findings, "/late")[0]?.repeats === 10);
  await send(late.filter((span, i) => !isRoot(span) && i % 2 === 1));
  await send(lateRoot.filter(isRoot));
  await send(requests("/silent", 50, 0));
  await untilExamined(86);
  // A finding's numbers are computed every half minute.
  after = await readOnce((findings) =>
    ["/late", "/late-root"].every((route) => claims(findings, route)[0]?.repeats === 20),
  );
});

afterAll(async () => {
  await culprit?.process.stop();
  await rm(folder, { recursive: true, force: true });
});

async function send(spans: readonly OtlpSpan[]): Promise<void> {
  const response = await fetch(`${culprit.url}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: toOtlpJson(spans, "shop", { "service.version": "1.0.0" }),
  });
  expect([response.status, await response.json()]).toEqual([200, {}]);
}

/** Resolves once as many traces were examined as were sent; one that arrives in parts counts each time that it settles. */
async function untilExamined(traces: number): Promise<void> {
  await until(async () => (await readFindings()).coverage.tracesExamined >= traces);
}

async function readFindings(): Promise<FindingsResponse> {
  return (await (await fetch(`${culprit.url}/api/v1/findings`)).json()) as FindingsResponse;
}

/** The findings, once they are so. */
async function readOnce(
  isSo: (findings: readonly Finding[]) => boolean,
): Promise<readonly Finding[]> {
  let findings: readonly Finding[] = [];
  await until(async () => {
    ({ findings } = await readFindings());
    return isSo(findings);
  });
  return findings;
}

/** What is said of an endpoint, without what depends on when it was said. */
const claims = (findings: readonly Finding[], route: string) =>
  findings
    .filter(({ endpoint }) => endpoint.route === route)
    .map(({ detector, confidence, status, evidence, summary, callSite }) => ({
      detector,
      confidence,
      status,
      traces: evidence.tracesAffected,
      repeats: evidence.repeatsMax,
      summary: summary.replace(route, "ROUTE"),
      callSite,
    }));

test("a trace split over two exports is told as a whole one is", () => {
  const [claim, ...others] = claims(after, "/whole");
  expect(others).toEqual([]);
  expect(claim).toMatchObject({ detector: "n-plus-one", traces: 5, repeats: 20 });
  expect(claims(before, "/split")).toEqual([claim]);
  expect(claims(after, "/split")).toEqual([claim]);
});

test.each(["/late", "/late-root"])(
  "%s: a batch that comes when its trace was examined already changes nothing for the worse",
  (route) => {
    expect(claims(after, route)).toEqual(claims(after, "/whole"));
  },
);

test("an instrumentation that falls silent is no fix: the finding stands as it was", () => {
  expect(claims(before, "/silent")).toMatchObject([{ detector: "n-plus-one", status: "new" }]);
  expect(claims(after, "/silent")).toEqual(claims(before, "/silent"));
});

test("what a guard held back is in no list; the page of its trace says which guard, and of what", async () => {
  const [{ traceId }] = tenants as [OtlpSpan];
  expect(claims(after, "/tenants")).toEqual([]);
  const answer = await fetch(`${culprit.url}/api/v1/traces/${traceId}`);
  const { findings, heldBack } = (await answer.json()) as TraceResponse;
  expect(findings).toEqual([]);
  expect(heldBack).toMatchObject([{ detector: "n-plus-one", guard: "different-namespaces" }]);
  const { newPage, close } = await openBrowser();
  try {
    const page = await newPage();
    await page.goto(`${culprit.url}/traces/${traceId}`);
    await page.getByText("Seen, and not reported: 1").click();
    await page.getByText("held back by different-namespaces").waitFor();
    await page.getByText("GET /tenants runs the same query 9 times: SELECT products").waitFor();
  } finally {
    await close();
  }
});
