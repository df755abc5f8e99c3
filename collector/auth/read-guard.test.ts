import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Counters } from "../counters.ts";
import { createReadGuard } from "./read-guard.ts";

const token = "0123456789abcdef-token";
const ingestKey = "culprit_ingest_abc";
let counters: Counters;
let server: Server;

beforeEach(async () => {
  counters = new Counters();
  const isIngestKey = (secret: string) => secret === ingestKey;
  const app = express()
    .use(createReadGuard({ token, isIngestKey, counters }))
    .use((_request, response) => void response.send("secret trace"));
  server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

async function get(headers: Record<string, string>) {
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/findings`, { headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});

test.each([
  { authorization: `Bearer ${token}` },
  { authorization: `bearer  ${token}` },
  { "x-api-key": token },
  basic("", token),
  basic("anybody", token),
])("%j is let in", async (headers) => {
  expect(await get(headers)).toMatchObject({ status: 200, text: "secret trace" });
});

test.each<[Record<string, string>, number, string]>([
  [{}, 401, "TOKEN_MISSING"],
  [{ authorization: "Bearer " }, 401, "TOKEN_MISSING"],
  [{ authorization: "Basic " }, 401, "TOKEN_MISSING"],
  [{ authorization: "Digest x" }, 401, "TOKEN_MISSING"],
  [{ authorization: `Bearer ${token.toUpperCase()}` }, 401, "TOKEN_UNKNOWN"],
  [{ authorization: `Bearer ${token}x` }, 401, "TOKEN_UNKNOWN"],
  [{ authorization: `Bearer ${"k".repeat(10_000)}` }, 401, "TOKEN_UNKNOWN"],
  [basic(token, "wrong"), 401, "TOKEN_UNKNOWN"],
  [{ authorization: `Bearer ${ingestKey}` }, 403, "INGEST_KEY_REFUSED"],
  [{ "x-api-key": ingestKey }, 403, "INGEST_KEY_REFUSED"],
  [basic("key", ingestKey), 403, "INGEST_KEY_REFUSED"],
])("%j is kept out, and nothing of it is repeated", async (sent, status, code) => {
  const { headers, text, ...answer } = await get(sent);
  expect(answer.status).toBe(status);
  expect(JSON.parse(text).error.code).toBe(code);
  expect(headers.get("www-authenticate")).toBe(
    status === 401 ? 'Basic realm="culprit", charset="UTF-8"' : null,
  );
  expect(text).not.toContain("kkk");
  expect(text).not.toContain(ingestKey);
  expect(counters.list()).toEqual([{ name: "refused_reads", reason: code, value: 1 }]);
});
