import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CulpritProcess, startCulpritProcess } from "../support/culprit-process.ts";
import { createSpans, toOtlpJson } from "../support/otlp-body.ts";
import { startNode } from "../support/processes.ts";
import { until } from "../support/until.ts";

/** The built product, open to other machines: who may send, who may read, and what is seen of their keys. */
const main = join(import.meta.dirname, "../../dist/cli/main.js");
const token = "a-token-for-those-who-read";
const openHost = { CULPRIT_HOST: "0.0.0.0" };
let folder: string;
let culprit: CulpritProcess;
let key: string;
const secrets: string[] = [];

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const started = await startNode({ args: [main, ...args], env: { CULPRIT_DATA: folder, ...env } });
  return { code: await started.ended, output: started.output() };
}

async function createKey(...options: readonly string[]): Promise<string> {
  const { output } = await run(["keys", "create", ...options]);
  const [secret] = /culprit_ingest_\S+/.exec(output) ?? [];
  if (secret === undefined) throw new Error(`no key in: ${output}`);
  secrets.push(secret);
  return secret;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-keys-"));
  key = await createKey("--name", "shop");
  culprit = await startCulpritProcess(folder, { env: { ...openHost, CULPRIT_API_TOKEN: token } });
});
afterAll(async () => {
  await culprit?.process.stop();
  await rm(folder, { recursive: true, force: true });
});

async function send(headers: Record<string, string>, service = "shop", count = 1) {
  const response = await fetch(`${culprit.url}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: toOtlpJson(createSpans(count), service),
  });
  const body: { readonly partialSuccess?: unknown } = JSON.parse(await response.text());
  return { status: response.status, headers: response.headers, body };
}

async function get(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${culprit.url}${path}`, { headers });
  return { status: response.status, text: await response.text() };
}

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

test("open to other machines it starts only with keys and a token, or when told", async () => {
  const empty = join(folder, "empty");
  const start = ["start", "--port", "0", "--data", empty];
  const bare = await run(start, openHost);
  expect(bare.code).toBe(1);
  expect(bare.output).toContain("culprit keys create");
  expect(bare.output).toContain("CULPRIT_API_TOKEN");
  const withToken = await run(start, { ...openHost, CULPRIT_API_TOKEN: token });
  expect(withToken.code).toBe(1);
  expect(withToken.output).not.toContain(token);
});

test("A11: none, a wrong, an empty or a huge key is refused with 401, a valid one is taken", async () => {
  for (const headers of [
    {},
    bearer(""),
    bearer("wrong"),
    bearer(key.toUpperCase()),
    bearer("k".repeat(10_240)),
    { "x-api-key": key.slice(0, -1) },
    bearer(token),
  ]) {
    const answer = await send(headers);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer /);
  }
  expect((await send(bearer(key))).status).toBe(200);
  expect((await send({ "x-api-key": key })).status).toBe(200);
});

test("A11: an ingest key reads nothing, and the token reads", async () => {
  for (const path of ["/", "/api/v1/findings", "/metrics", "/assets/x.js", "/api/v1/nothing"]) {
    expect((await get(path)).status, path).toBe(401);
    expect((await get(path, bearer(key))).status, path).toBe(403);
  }
  expect((await get("/api/v1/findings", bearer(token))).status).toBe(200);
  const basic = { authorization: `Basic ${btoa(`me:${token}`)}` };
  expect((await get("/", basic)).status).toBe(200);
  for (const path of ["/healthz", "/readyz"]) expect((await get(path)).status).toBe(200);
});

test("A11: a key that is revoked ends within seconds, one that is made begins", async () => {
  const leaked = await createKey("--name", "leaked");
  await until(async () => (await send(bearer(leaked))).status === 200);
  expect((await run(["keys", "revoke", "leaked"])).code).toBe(0);
  await until(async () => (await send(bearer(leaked))).status === 401);
  expect((await send(bearer(key))).status).toBe(200);
});

test("A12: a flood above a key's rate is answered 429 and when to come again; other keys are taken", async () => {
  const flooding = await createKey("--name", "flooding", "--kib-per-second", "1");
  await until(async () => (await send(bearer(flooding))).status === 200);
  // Each is worth many seconds: however long it takes to send them, most come too early.
  const flood = await Promise.all(
    Array.from({ length: 40 }, () => send(bearer(flooding), "shop", 50)),
  );
  const refused = flood.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(20);
  for (const { headers } of refused) expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await send(bearer(key))).status).toBe(200);
});

test("A12: a day's spans are kept to the span", async () => {
  const daily = await createKey("--name", "daily", "--spans-per-day", "30");
  await until(async () => (await send(bearer(daily), "shop", 10)).status === 200);
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => send(bearer(daily), "shop", 10)),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(4);
});

test("spans of services that a key may not send are rejected by partial success, and counted", async () => {
  const shop = await createKey("--name", "only-shop", "--services", "shop");
  await until(async () => (await send(bearer(shop))).status === 200);
  const { status, body } = await send(bearer(shop), "billing", 3);
  expect(status).toBe(200);
  expect(body.partialSuccess).toEqual({
    rejectedSpans: "3",
    errorMessage: "rejected 3 of 3 spans: service_not_allowed 3",
  });
  const { text } = await get("/metrics", bearer(token));
  expect(text).toContain('culprit_rejected_spans_total{reason="service_not_allowed"} 3');
});

test("no key is in metrics, log or list", async () => {
  const seen = [
    (await get("/metrics", bearer(token))).text,
    culprit.process.output(),
    (await run(["keys", "list"])).output,
  ].join("\n");
  expect(seen).toContain("culprit_refused_requests_total");
  expect(seen).toContain("only-shop");
  for (const secret of [...secrets, token]) expect(seen).not.toContain(secret.slice(-20));
});
