import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rowNames, type Signal, signals } from "../../collector/signal.ts";
import { type CulpritProcess, startCulpritProcess } from "../support/culprit-process.ts";
import { createSpans, toOtlpJson } from "../support/otlp-body.ts";
import { until } from "../support/until.ts";

/** The page that operators watch: its numbers add up at every moment, and nobody who sends decides what stands on it. */
let folder: string;
let culprit: CulpritProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-metrics-"));
  culprit = await startCulpritProcess(folder);
});
afterAll(async () => {
  await culprit?.process.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Sample {
  readonly name: string;
  readonly labels: string;
  readonly value: number;
}

async function scrape(): Promise<{ text: string; samples: Sample[] }> {
  const text = await (await fetch(`${culprit.url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const samples = lines.map((line) => {
    const [, name = "", labels = "", value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    return { name, labels, value: Number(value) };
  });
  return { text, samples };
}

function sum(samples: readonly Sample[], name: string): number {
  const values = samples.filter((sample) => sample.name === name).map(({ value }) => value);
  return values.reduce((total, value) => total + value, 0);
}

/** Accepted and found at the start, and what became of them. */
function balance(samples: readonly Sample[], rows: string): [number, number] {
  const of = (name: string) => sum(samples, `culprit_${name}`);
  return [
    of(`accepted_${rows}_total`) + of(`recovered_${rows}_total`),
    of(`stored_${rows}_total`) + of(`journal_${rows}`) + of(`dropped_${rows}_total`),
  ];
}

function toLogs(count: number): string {
  const timeUnixNano = `${BigInt(Date.now()) * 1_000_000n}`;
  const logRecords = Array.from({ length: count }, (_, i) => ({
    timeUnixNano,
    body: { stringValue: `line ${i} ${Math.random()}` },
  }));
  return JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
}

function toGauge(count: number): string {
  const timeUnixNano = `${BigInt(Date.now()) * 1_000_000n}`;
  const dataPoints = Array.from({ length: count }, () => ({
    timeUnixNano,
    asDouble: Math.random(),
  }));
  const metrics = [{ name: "load", gauge: { dataPoints } }];
  return JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
}

const bodies: Readonly<Record<Signal, (count: number) => string>> = {
  traces: (count) => toOtlpJson(createSpans(count)),
  metrics: toGauge,
  logs: toLogs,
};

async function send(signal: Signal, count: number): Promise<number> {
  const response = await fetch(`${culprit.url}/v1/${signal}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: bodies[signal](count),
  });
  await response.arrayBuffer();
  return response.status;
}

test("what was accepted is stored, waits, or is dropped with a reason: at every scrape, under load", async () => {
  const acknowledged: Record<string, number> = { traces: 0, metrics: 0, logs: 0 };
  let isSending = true;
  const sendersOf = (signal: Signal) =>
    Array.from({ length: 4 }, async () => {
      for (let i = 0; i < 60; i++) {
        const count = 1 + (i % 50);
        if ((await send(signal, count)) === 200) acknowledged[signal]! += count;
      }
    });
  const senders = Promise.all(signals.flatMap(sendersOf)).finally(() => {
    isSending = false;
  });
  let scrapes = 0;
  let waiting = 0;
  while (isSending || scrapes < 20) {
    // The database ends under load: then inserts fail, and the journal grows.
    if (scrapes === 10) process.kill(culprit.databasePid(), "SIGKILL");
    const { samples } = await scrape();
    scrapes += 1;
    for (const rows of Object.values(rowNames)) {
      const [accepted, accounted] = balance(samples, rows);
      expect(accounted, `${rows}, scrape ${scrapes}`).toBe(accepted);
      waiting = Math.max(waiting, sum(samples, `culprit_journal_${rows}`));
    }
  }
  await senders;
  expect(waiting).toBeGreaterThan(0);
  await until(async () => {
    const { samples } = await scrape();
    return Object.values(rowNames).every((rows) => sum(samples, `culprit_journal_${rows}`) === 0);
  });
  const { samples } = await scrape();
  for (const [signal, rows] of Object.entries(rowNames)) {
    expect(sum(samples, `culprit_accepted_${rows}_total`)).toBe(acknowledged[signal]);
    expect(sum(samples, `culprit_stored_${rows}_total`)).toBe(acknowledged[signal]);
  }
});

test("every metric says what it is, by Prometheus' rules", async () => {
  const { text, samples } = await scrape();
  const said = (word: string) =>
    new Map(
      [...text.matchAll(new RegExp(`^# ${word} (\\S+) (.+)$`, "gm"))].map(
        ([, name, rest]) => [name!, rest!] as const,
      ),
    );
  const [help, type] = [said("HELP"), said("TYPE")];
  expect([...help.keys()]).toEqual([...type.keys()]);
  expect(new Set(help.keys()).size).toBe([...text.matchAll(/^# HELP /gm)].length);
  for (const { name, labels, value } of samples) {
    expect(name).toMatch(/^culprit_[a-z_]+$/);
    expect(help.get(name), name).toMatch(/\w/);
    expect(type.get(name), name).toBe(name.endsWith("_total") ? "counter" : "gauge");
    expect(labels).toMatch(/^((signal|reason|detector|process)="[\w-]+",?)*$/);
    expect(Number.isFinite(value), name).toBe(true);
  }
  const lines = samples.map(({ name, labels }) => `${name}{${labels}}`);
  expect(new Set(lines).size).toBe(lines.length);
});

test("what is sent adds no line: no name, no code, no label", async () => {
  await send("traces", 1);
  await fetch(`${culprit.url}/v1/traces`, { method: "POST", body: "{" });
  await fetch(`${culprit.url}/api/v1/unknown`);
  const before = new Set((await scrape()).samples.map(({ name, labels }) => name + labels));
  for (let i = 0; i < 30; i++) {
    const spans = createSpans(1).map((span) => ({ ...span, name: `evil-${i}` }));
    await fetch(`${culprit.url}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-evil": `evil-${i}` },
      body: toOtlpJson(spans, `evil-${i}`, { [`evil.${i}`]: "evil" }),
    });
    await fetch(`${culprit.url}/api/v1/evil-${i}?evil-${i}=1`);
    await fetch(`${culprit.url}/v1/traces`, { method: "POST", body: `evil-${i}` });
  }
  const { text, samples } = await scrape();
  const added = samples
    .map(({ name, labels }) => name + labels)
    .filter((line) => !before.has(line));
  expect(added.filter((line) => !/detector|analysis/.test(line))).toEqual([]);
  expect(text).not.toContain("evil");
});

test("it shows what each process uses", async () => {
  const { samples } = await scrape();
  const of = (process: string, name: string) =>
    samples.find((one) => one.name === name && one.labels === `process="${process}"`)?.value;
  expect(of("main", "culprit_process_memory_rss_bytes")).toBeGreaterThan(20 * 2 ** 20);
  expect(of("main", "culprit_process_cpu_seconds_total")).toBeGreaterThan(0);
  if (process.platform !== "linux") return;
  expect(of("database", "culprit_process_memory_rss_bytes")).toBeGreaterThan(20 * 2 ** 20);
  expect(of("database", "culprit_process_cpu_seconds_total")).toBeGreaterThan(0);
});
