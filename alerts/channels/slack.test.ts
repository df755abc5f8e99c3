import { afterEach, beforeEach, expect, test } from "vitest";
import { sampleFinding } from "../../test/support/sample-finding.ts";
import { type SlackAnswer, type SlackSink, startSlackSink } from "../../test/support/slack-sink.ts";
import type { SendResult } from "../alert-channel.ts";
import { createSlackChannel } from "./slack.ts";

let sink: SlackSink;
beforeEach(async () => {
  sink = await startSlackSink();
});
afterEach(() => sink.close());

const { signal } = new AbortController();
const toLinks = () => ({ findingUrl: "http://culprit.internal/findings/1" });

function send(webhookUrl: string): Promise<SendResult> {
  const options = { webhookUrl, toLinks, allowPrivate: true, timeoutMs: 2000 };
  return createSlackChannel(options).send(sampleFinding(), signal);
}

test.for<[SlackAnswer, SendResult]>([
  [{ status: 200, body: "ok" }, { outcome: "sent" }],
  ["flood", { outcome: "sent" }],
  [{ status: 301 }, { outcome: "refused", reason: "HTTP 301" }],
  [
    { status: 400, body: "invalid_payload" },
    { outcome: "refused", reason: "HTTP 400 invalid_payload" },
  ],
  [
    { status: 403, body: "action_prohibited" },
    { outcome: "refused", reason: "HTTP 403 action_prohibited" },
  ],
  [
    { status: 404, body: "no_service" },
    { outcome: "refused", reason: "HTTP 404 no_service" },
  ],
  [
    { status: 410, body: "<b>gone</b>\n" },
    { outcome: "refused", reason: "HTTP 410" },
  ],
  [{ status: 408 }, { outcome: "try-again", reason: "HTTP 408" }],
  [
    { status: 429, headers: { "retry-after": "30" } },
    { outcome: "try-again", reason: "HTTP 429", retryAfter: "30" },
  ],
  [
    { status: 503, body: "down" },
    { outcome: "try-again", reason: "HTTP 503 down" },
  ],
])("an answer of %o means %o", async ([answer, result]) => {
  sink.answer(answer);
  expect(await send(sink.url)).toEqual(result);
});

test("the message is one that Slack takes", async () => {
  expect(await send(sink.url)).toEqual({ outcome: "sent" });
  expect(sink.complaints).toEqual([]);
});

test("an answer that repeats the webhook's URL does not put it into the reason", async () => {
  sink.answer({ status: 500, body: `cannot reach ${sink.url}` });
  expect(await send(sink.url)).toEqual({ outcome: "try-again", reason: "HTTP 500" });
});

test("a receiver that is away is a reason to try again; the reason names its host alone", async () => {
  await sink.close();
  const host = new URL(sink.url).host;
  expect(await send(sink.url)).toEqual({
    outcome: "try-again",
    reason: `DESTINATION_UNREACHABLE: no answer from ${host}`,
  });
});

test("a webhook on a private address is refused when it is configured", () => {
  expect(() => createSlackChannel({ webhookUrl: sink.url, toLinks })).toThrow(/private network/);
});

test("a webhook whose name turns out to be private is refused, and not tried again", async () => {
  const resolve = async () => [{ address: "10.0.0.7", family: 4 }];
  const webhookUrl = "https://hooks.example.org/services/secret";
  const channel = createSlackChannel({ webhookUrl, toLinks, resolve });
  const result = await channel.send(sampleFinding(), signal);
  expect(result).toMatchObject({ outcome: "refused" });
  expect(JSON.stringify(result)).not.toContain("secret");
});
