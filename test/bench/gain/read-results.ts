import { setTimeout as delay } from "node:timers/promises";
import type { Prediction } from "../../../analyzers/model/finding.ts";
import type { EndpointGainResponse, FindingsResponse } from "../../../collector/api/responses.ts";
import type { GainCase, Level } from "./gain-cases.ts";

/** A running culprit: its API, and the read-only door to its database. */
export interface Ports {
  readonly url: string;
  readonly clickhouseUrl: string;
}

const pollMs = 1_000;
const storedWithinMs = 60_000;
const examinedWithinMs = 240_000;
/** Up to here nothing was sent any more: a trace settles 10 s after its last span, and a margin is kept. */
const settleMs = 5_000;
/** The numbers of a young finding are computed anew every 30 s. */
const refreshedWithinMs = 40_000;

/** Two services may have a route of one name. */
export interface ServerSpans {
  readonly service: string;
  readonly route: string;
}

/** Durations of an endpoint's server spans in order of time, nanoseconds. */
export async function readDurations(
  { clickhouseUrl }: Ports,
  environment: Level,
  { service, route }: ServerSpans,
): Promise<number[]> {
  const sql = `SELECT duration FROM spans WHERE kind = 2 AND service = '${service}' AND environment = '${environment}' AND http_route = '${route}' ORDER BY ts, span_id FORMAT TSV`;
  const response = await fetch(`${clickhouseUrl}/?query=${encodeURIComponent(sql)}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`the database answered ${response.status}: ${text}`);
  return text.split("\n").filter(Boolean).map(Number);
}

/** Until the endpoint's requests are all stored. */
export async function untilStored(
  ports: Ports,
  level: Level,
  spans: ServerSpans,
  requests: number,
): Promise<void> {
  const deadlineMs = Date.now() + storedWithinMs;
  for (;;) {
    const { length } = await readDurations(ports, level, spans);
    if (length >= requests) return;
    if (Date.now() > deadlineMs) {
      throw new Error(`of ${requests} requests of ${spans.route} (${level}) ${length} are stored`);
    }
    await delay(pollMs);
  }
}

/**
 * Until all traces are examined, and so many endpoints have a finding that was computed from traces enough. A finding
 * that comes later than that is not waited for: its prediction is from the traces known until then, or missing.
 */
export async function untilExamined(
  { url }: Ports,
  endpoints: number,
  say: (line: string) => void,
): Promise<void> {
  const startedMs = Date.now();
  let examinedAtMs = Number.POSITIVE_INFINITY;
  for (;;) {
    const { coverage, findings } = await read<FindingsResponse>(url, "findings");
    const isExamined = (coverage.examinedUntilAt ?? 0) > startedMs - settleMs;
    examinedAtMs = Math.min(examinedAtMs, isExamined ? Date.now() : examinedAtMs);
    const predicted = findings.filter(({ prediction, evidence }) => {
      return prediction !== null && prediction.traces >= Math.min(200, evidence.tracesOfEndpoint);
    });
    const known = new Set(predicted.map((seen) => `${seen.environment} ${seen.endpoint.route}`))
      .size;
    const isLate = Date.now() > examinedAtMs + refreshedWithinMs;
    if (isLate || (isExamined && known >= endpoints)) {
      say(`${coverage.tracesExamined} traces are examined, ${findings.length} findings`);
      return;
    }
    if (Date.now() > startedMs + examinedWithinMs) throw new Error("traces were not examined");
    await delay(pollMs);
  }
}

/**
 * What culprit says of the case: for one fault the finding's own prediction, for two what is left once both are fixed.
 * A string: why there is none.
 */
export async function readPrediction(
  { url }: Ports,
  { faults, service, method, faulty }: GainCase,
  level: Level,
): Promise<Prediction | string> {
  const { findings } = await read<FindingsResponse>(url, "findings");
  const here = findings.filter(
    (finding) =>
      finding.environment === level &&
      finding.service === service &&
      finding.endpoint.route === faulty.route,
  );
  const found = here.map(({ detector }) => detector).join(", ") || "nothing";
  const [own] = here
    .flatMap(({ prediction }) => prediction ?? [])
    .sort((a, b) => a.p50.afterNs - b.p50.afterNs);
  if (faults === 1 && own) return own;
  const query = new URLSearchParams({ service, environment: level, method, route: faulty.route });
  const { steps } = await read<EndpointGainResponse>(url, `endpoints/gain?${query}`);
  // A query that two pages share is one finding, with the endpoint that it costs most: the other's gain is told here alone.
  return steps.length < faults
    ? `found ${found}; ${steps.length} fixes predicted`
    : steps.at(faults === 1 ? 0 : -1)!.prediction;
}

async function read<T>(url: string, path: string): Promise<T> {
  const response = await fetch(`${url}/api/v1/${path}`);
  if (!response.ok) throw new Error(`GET ${path} answered ${response.status}`);
  return (await response.json()) as T;
}
