import type { Button, KnownBlock, MrkdwnElement, PlainTextElement } from "@slack/types";
import type { Finding, PredictedChange } from "../../analyzers/model/finding.ts";
import {
  cutToLength,
  escapeMrkdwn,
  toCodeBlock,
  toCodeSpan,
  toOneLine,
  withoutControls,
} from "./slack-text.ts";

/** What an incoming webhook takes. */
export interface SlackMessage {
  /** For notifications, screen readers and clients without blocks. */
  readonly text: string;
  readonly blocks: KnownBlock[];
  readonly unfurl_links: false;
  readonly unfurl_media: false;
}

/** Pages of the UI that a message leads to. */
export interface FindingLinks {
  readonly findingUrl: string;
  readonly traceUrl?: string;
}

// Slack refuses the whole message beyond: header 150, section text 3000, field 2000, button url 3000, and a sum of
// about 13,000 characters. The longest parts are kept well below, so that a message is read rather than scrolled.
const headerMax = 150;
const summaryMax = 600;
const queryMax = 1500;
const fixMax = 1500;
const fieldMax = 300;
const urlMax = 3000;
const textMax = 1000;

/**
 * The message that tells of a finding:
 *
 *   N+1 calls on GET /orders (shop-orders)
 *   GET /orders runs the same query 20 times: SELECT products
 *   Impact   38 % of the request       Predicted p95   −210 ms (−130 … −240) of 420 ms
 *   Seen in  37 of 120 traces          Since           1.8.2
 *   | SELECT … WHERE id = ?            × 20 at src/orders.ts:88
 *   Fix: …
 *   [Open finding] [Sample trace]
 *
 * Routes, queries and names come from outside: they stand in plain text or in code, with Slack's markup escaped, so
 * that none becomes a link or a mention.
 */
export function toSlackMessage(finding: Finding, links: FindingLinks): SlackMessage {
  const title = `${finding.title} on ${nameOfEndpoint(finding)} (${finding.service})`;
  const summary = toOneLine(finding.summary, summaryMax);
  return {
    text: escapeMrkdwn(`${toOneLine(title, headerMax)}: ${summary}`, textMax),
    blocks: [
      { type: "header", text: plainText(toOneLine(title, headerMax)) },
      { type: "section", text: plainText(summary || "No summary") },
      { type: "section", fields: toFields(finding) },
      ...toCall(finding),
      ...toFix(finding),
      ...toActions(links),
      { type: "context", elements: [plainText(toContext(finding))] },
    ],
    unfurl_links: false,
    unfurl_media: false,
  };
}

function nameOfEndpoint({ endpoint: { method, route } }: Finding): string {
  return `${method} ${route}`.trim() || "an endpoint without a name";
}

function toFields({ impact, prediction, predictionMissing, evidence, ...finding }: Finding) {
  const predicted = prediction
    ? toChange(prediction.p95)
    : escapeMrkdwn(toOneLine(predictionMissing ?? "not enough traces yet", fieldMax), fieldMax);
  const since = toDay(finding.firstSeenAt);
  const version = finding.serviceVersions[0];
  return [
    field("Impact", `${toPercent(impact.criticalPathShare)} of the request`),
    field("Predicted p95", predicted),
    field("Seen in", `${evidence.tracesAffected} of ${evidence.tracesOfEndpoint} traces`),
    field("Since", version ? `${toCodeSpan(version, 60)}, ${since}` : since),
  ];
}

function field(name: string, value: string): MrkdwnElement {
  return mrkdwn(`*${name}*\n${value}`);
}

/** "−210 ms (−130 … −240) of 420 ms": the prediction between its pessimistic and its optimistic bound. */
function toChange({ beforeNs, afterNs, afterHighNs, afterLowNs }: PredictedChange): string {
  const change = (after: number) => toSignedMs(after - beforeNs);
  return `${change(afterNs)} ms (${change(afterHighNs)} … ${change(afterLowNs)}) of ${toMs(beforeNs)} ms`;
}

function toCall({ shape, callSite, evidence }: Finding): KnownBlock[] {
  const repeats = evidence.repeatsMedian > 1 ? `× ${Math.round(evidence.repeatsMedian)}` : "";
  const place = callSite ? `at ${toCodeSpan(`${callSite.file}:${callSite.line}`, fieldMax)}` : "";
  const where = [repeats, place].filter(Boolean).join(" ");
  const text = [shape && toCodeBlock(shape.text, queryMax), where].filter(Boolean).join("\n");
  return text === "" ? [] : [{ type: "section", text: mrkdwn(text) }];
}

function toFix({ fix }: Finding): KnownBlock[] {
  if (fix.length === 0) return [];
  const steps = fix.map((step, i) => (fix.length === 1 ? step : `${i + 1}. ${step}`));
  const text = `Fix: ${fix.length === 1 ? "" : "\n"}${steps.join("\n")}`;
  return [{ type: "section", text: plainText(cutToLength(withoutControls(text), fixMax)) }];
}

function toActions({ findingUrl, traceUrl }: FindingLinks): KnownBlock[] {
  const elements = [
    ...toButton("Open finding", "open-finding", findingUrl),
    ...toButton("Sample trace", "open-trace", traceUrl),
  ];
  return elements.length === 0 ? [] : [{ type: "actions", elements }];
}

/** A button that opens a page: works without an app that listens to clicks. */
function toButton(label: string, actionId: string, url: string | undefined): Button[] {
  const page = URL.parse(url ?? "");
  if (!page || !/^https?:$/.test(page.protocol) || page.href.length > urlMax) return [];
  return [{ type: "button", text: plainText(label), action_id: actionId, url: page.href }];
}

function toContext({ severity, confidence, environment, detector, id }: Finding): string {
  const parts = [
    `severity ${severity}`,
    `confidence ${confidence}`,
    environment && `environment ${environment}`,
    `${detector} ${id.slice(0, 8)}`,
  ];
  return toOneLine(parts.filter(Boolean).join(" · "), fieldMax);
}

/** Shown as it is: no mention, link, format or emoji is read out of it. */
function plainText(text: string): PlainTextElement {
  return { type: "plain_text", text, emoji: false };
}

/** Only for text that we formatted. `verbatim` keeps Slack from making links of what looks like one. */
function mrkdwn(text: string): MrkdwnElement {
  return { type: "mrkdwn", text, verbatim: true };
}

function toPercent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** Three digits are as much as a duration means: 0.42, 4.2, 42, 420. */
function toMs(ns: number): string {
  const ms = ns / 1e6;
  const size = Math.abs(ms);
  return ms.toFixed(size >= 10 || ms === 0 ? 0 : size >= 1 ? 1 : 2);
}

function toSignedMs(ns: number): string {
  return ns < 0 ? `−${toMs(-ns)}` : `+${toMs(ns)}`;
}

function toDay(at: number): string {
  return Number.isFinite(at) ? new Date(at).toISOString().slice(0, 10) : "";
}
