import { connect } from "node:http2";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  answerOf,
  callGrpc,
  callHeaders,
  exportPath,
  messageHead,
} from "../../test/support/grpc-client.ts";
import { generateIngestKey, type IngestKeyTerms } from "../auth/ingest-key.ts";
import { KeyRing } from "../auth/key-ring.ts";
import { openGrpc } from "./grpc-for-tests.ts";

const unauthenticated = 16;
const resourceExhausted = 8;

let grpc: Awaited<ReturnType<typeof openGrpc>>;
let client: Client;
let ring: KeyRing;

beforeEach(async () => {
  grpc = await openGrpc();
  client = new Client(`127.0.0.1:${grpc.port}`, credentials.createInsecure());
  ring = new KeyRing(() => 50_000);
  grpc.receiver.authorize = ring.authorize;
});

afterEach(async () => {
  client.close();
  await grpc.close();
});

function hold(terms: Partial<IngestKeyTerms> = {}): string {
  const { secret, key } = generateIngestKey({ name: "shop", ...terms }, 0);
  ring.replace([key]);
  return secret;
}

async function call(message: string, headers: Record<string, string> = {}) {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return await callGrpc(client, exportPath, message, metadata);
}

test("a key is taken from the metadata, by either name", async () => {
  const secret = hold();
  expect((await call("3", { authorization: `Bearer ${secret}` })).code).toBe(0);
  expect((await call("4", { "x-api-key": secret })).code).toBe(0);
});

test.each([{}, { authorization: "Bearer " }, { "x-api-key": "wrong" }])(
  "%j is UNAUTHENTICATED, and not to be tried again",
  async (headers) => {
    hold();
    const { code, message, status } = await call("3", headers);
    expect(code).toBe(unauthenticated);
    expect(message).not.toContain("wrong");
    expect(status?.retryAfterS).toBeUndefined();
    expect(grpc.receiver.stored).toEqual([]);
  },
);

test("a call without a key is answered before its message has come", async () => {
  hold();
  const session = connect(`http://127.0.0.1:${grpc.port}`);
  const stream = session.request(callHeaders());
  stream.write(messageHead(500));
  expect(await answerOf(stream)).toMatchObject({ "grpc-status": String(unauthenticated) });
  session.destroy();
});

test("a quota that is used up is RESOURCE_EXHAUSTED with a RetryInfo", async () => {
  const secret = hold({ spansPerDay: 5 });
  expect((await call("5", { "x-api-key": secret })).code).toBe(0);
  const { code, status } = await call("1", { "x-api-key": secret });
  expect(code).toBe(resourceExhausted);
  expect(status?.retryAfterS).toBe(86_400 - 50);
});

test("a key's services go to the decoder", async () => {
  const secret = hold({ services: ["shop"] });
  await call("5", { "x-api-key": secret });
  expect(grpc.receiver.decoded[0]?.[2].services).toEqual(["shop"]);
});
