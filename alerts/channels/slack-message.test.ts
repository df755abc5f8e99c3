import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Finding } from "../../analyzers/model/finding.ts";
import { sampleFinding } from "../../test/support/sample-finding.ts";
import { type SlackSink, startSlackSink } from "../../test/support/slack-sink.ts";
import { postJson } from "./post-json.ts";
import { type SlackMessage, toSlackMessage } from "./slack-message.ts";

const links = {
  findingUrl: "http://culprit.internal/findings/5f0c",
  traceUrl: "http://culprit.internal/traces/0af7",
};

let sink: SlackSink;
beforeAll(async () => {
  sink = await startSlackSink();
});
afterAll(() => sink.close());

test("a finding reads as what, how much, where and what to do", () => {
  expect(toLines(toSlackMessage(sampleFinding(), links))).toEqual([
    "N+1 calls on GET /orders (shop-orders)",
    "GET /orders runs the same query 37 times: SELECT products",
    "*Impact*\n38 % of the request",
    "*Predicted p95*\n−210 ms (−130 … −240) of 420 ms",
    "*Seen in*\n40 of 120 traces",
    "*Since*\n`1.8.2`, 2026-11-20",
    "```\nSELECT name, price FROM products WHERE id = ?\n```\n× 37 at `src/orders.ts:88`",
    "Fix: Load the products of all orders with one query: WHERE id = ANY(?)",
    "[Open finding](http://culprit.internal/findings/5f0c)",
    "[Sample trace](http://culprit.internal/traces/0af7)",
    "severity warning · confidence high · environment production · n-plus-one 5f0c2a9e",
  ]);
});

test("the notification says it in one line", () => {
  expect(toSlackMessage(sampleFinding(), links).text).toBe(
    "N+1 calls on GET /orders (shop-orders): GET /orders runs the same query 37 times: SELECT products",
  );
});

test("what is not known is left out, and a missing prediction says why", () => {
  const bare = sampleFinding({
    callSite: null,
    shape: null,
    prediction: null,
    predictionMissing: "12 traces are too few",
    serviceVersions: [],
    fix: [],
    environment: "",
  });
  expect(toLines(toSlackMessage(bare, { findingUrl: links.findingUrl })).slice(2)).toEqual([
    "*Impact*\n38 % of the request",
    "*Predicted p95*\n12 traces are too few",
    "*Seen in*\n40 of 120 traces",
    "*Since*\n2026-11-20",
    "× 37",
    "[Open finding](http://culprit.internal/findings/5f0c)",
    "severity warning · confidence high · n-plus-one 5f0c2a9e",
  ]);
});

test("a page that is not http gets no button", () => {
  const message = toSlackMessage(sampleFinding(), { findingUrl: "javascript:alert(1)" });
  expect(message.blocks.map(({ type }) => type)).not.toContain("actions");
});

/** Everything in a finding that an application, or whoever sends it spans, can choose. */
function saying(text: string): Finding {
  return sampleFinding({
    title: text,
    summary: text,
    service: text,
    environment: text,
    endpoint: { method: text, route: text },
    callSite: { file: text, line: 1, function: text },
    shape: { id: "1", system: text, text, summary: text },
    serviceVersions: [text],
    prediction: null,
    predictionMissing: text,
    fix: [text, text],
  });
}

test.for([
  "<!channel> <!here> <@U123> <#C123> <!subteam^S1> @channel",
  "<https://evil.example|Open finding>",
  "&lt;!channel&gt; &amp;lt;",
  "https://evil.example/ mailto:a@evil.example",
  "*bold* _it_ ~no~ `code` :siren: > quote",
  "\u202egnp.exe\u0000\u001b[31m\r\nX: y",
  "",
  " ",
  "\u0000",
  "a".repeat(100_000),
  "&".repeat(100_000),
  "\u{1f4a3}".repeat(10_000),
])("hostile text stays text, within Slack's limits: %#", async (text) => {
  const message = toSlackMessage(saying(text), links);
  expect(await postJson(sink.url, message, { allowPrivate: true })).toMatchObject({ body: "ok" });
  expect(sink.complaints).toEqual([]);
});

test("no text breaks out of a code block, a code span or a limit", () => {
  const pieces = ["`", "``", "```", "\n", "<", "&", "x", "\u{1f4a3}", "\u202e", "z".repeat(400)];
  const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 40 });
  fc.assert(
    fc.property(texts, (parts) => {
      const [block, after] = splitAtFences(toSlackMessage(saying(parts.join("")), links));
      expect(block).not.toMatch(/[<>]/);
      expect(after).toMatch(/^\n× 37 at `[^`\n<>]+`$/);
    }),
  );
});

/** The inside of the code block and what comes after it; fails unless there are exactly two fences. */
function splitAtFences(message: SlackMessage): readonly [string, string] {
  const text = toLines(message).find((line) => line.startsWith("```\n"));
  const [before, block, after, ...more] = text?.split("```") ?? [];
  expect(before).toBe("");
  expect(more).toEqual([]);
  return [block ?? "<missing>", after ?? "<missing>"];
}

/** What a reader sees, a line a text. */
function toLines({ blocks }: SlackMessage): string[] {
  return blocks.flatMap((block) => {
    if (block.type === "header") return [block.text.text];
    if (block.type === "section")
      return [block.text, ...(block.fields ?? [])].flatMap((text) => text?.text ?? []);
    if (block.type === "context")
      return block.elements.flatMap((element) => ("text" in element ? `${element.text}` : []));
    if (block.type === "actions")
      return block.elements.flatMap((button) =>
        button.type === "button" ? `[${button.text.text}](${button.url})` : [],
      );
    return [];
  });
}
