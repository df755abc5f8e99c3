import { setTimeout as delay } from "node:timers/promises";
import type { Finding } from "../../analyzers/model/finding.ts";
import type { EndpointsResponse, FindingsResponse } from "../../collector/api/responses.ts";
import { type Fault, faults } from "./faults.ts";
import type { LoadReport } from "./load.ts";
import { formatMs, toTable } from "./report-table.ts";

export interface DemoRunOptions {
  /** Where culprit answers. */
  readonly url: string;
  readonly say: (line: string) => void;
  /** Ends watching and waiting early. */
  readonly signal?: AbortSignal;
}

const pollMs = 2_000;
/** A trace settles 10 s after its last span; its insert, a run over it and the windows come on top. */
const settleMs = 14_000;
const examinedWithinMs = 75_000;
/** On a machine that does other work as well the shop may be slow, all of it: to say so is no false accusation. */
const slowMs = 100;
const slownessDetectors: ReadonlySet<string> = new Set(["slow-endpoint", "slow-query"]);
/** They name calls of the application, so their findings say where those are made and what fixing them saves. */
const callDetectors: ReadonlySet<string> = new Set(["n-plus-one", "duplicate-call", "write-loop"]);

/** Watches culprit's API while the shop is under load, then compares what it found with the shop's faults. */
export class DemoRun {
  readonly #options: DemoRunOptions;
  readonly #seen = new Set<string>();
  #isDone = false;

  constructor(options: DemoRunOptions) {
    this.#options = options;
  }

  /** Prints each finding when it first appears, until `report`. */
  async watch(): Promise<void> {
    while (!this.#isDone && !this.#options.signal?.aborted) {
      const { findings } = await this.#read<FindingsResponse>("findings");
      for (const finding of findings) {
        if (this.#seen.has(finding.id)) continue;
        this.#seen.add(finding.id);
        this.#options.say(`found: ${finding.summary}`);
      }
      await delay(pollMs);
    }
  }

  /**
   * Resolves when everything that was sent until now was examined and every fault is found, or its time is
   * over. Throws when traces are still not examined then: nobody could say that no healthy endpoint is accused.
   */
  async waitUntilExamined(): Promise<void> {
    const sentUntilMs = Date.now();
    const deadlineMs = sentUntilMs + examinedWithinMs;
    this.#options.say("waiting until the last traces have settled");
    while (!this.#options.signal?.aborted) {
      const { coverage, findings } = await this.#read<FindingsResponse>("findings");
      const isExamined = (coverage.examinedUntilAt ?? 0) > sentUntilMs + settleMs;
      if (isExamined && findMissing(findings).length === 0) return;
      if (Date.now() > deadlineMs) {
        if (isExamined) return;
        throw new Error(`the last traces were not examined within ${examinedWithinMs / 1000} s`);
      }
      await delay(pollMs);
    }
  }

  /** Prints the table and what is wrong, beside what the customers saw; resolves with the exit code. */
  async report(seen: readonly LoadReport[]): Promise<number> {
    this.#isDone = true;
    const { findings, coverage } = await this.#read<FindingsResponse>("findings");
    const { endpoints } = await this.#read<EndpointsResponse>("endpoints");
    const { say } = this.#options;
    say(`\n${coverage.spansStored} spans stored, ${coverage.tracesExamined} traces examined\n`);
    say(toTable(findings));
    for (const { title, faulty, healthy } of faults) {
      const twin = endpoints.find(({ route }) => route === healthy.route);
      const predicted = findings.find(
        ({ endpoint }) => endpoint.route === faulty.route,
      )?.prediction;
      if (!twin || !predicted) continue;
      say(
        `${title}: predicted p95 ${formatMs(predicted.p95.afterNs)} ` +
          `(${formatMs(predicted.p95.afterLowNs)} to ${formatMs(predicted.p95.afterHighNs)}), ` +
          `its fixed twin ${healthy.route} measures ${formatMs(twin.p95Ns)}`,
      );
    }
    const missing = findMissing(findings);
    const accused = findAccused(findings, seen);
    for (const { detector, faulty } of missing) say(`MISSING: ${detector} on ${faulty.route}`);
    for (const { summary } of accused) say(`ACCUSED although healthy: ${summary}`);
    if (missing.length + accused.length > 0) return 1;
    say("every fault was found, and no healthy endpoint was accused");
    return 0;
  }

  async #read<T>(path: string): Promise<T> {
    const response = await fetch(`${this.#options.url}/api/v1/${path}`);
    if (!response.ok)
      throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }
}

/** A fault is found when its detector names its endpoint, with prediction and call site where it is about calls. */
function findMissing(findings: readonly Finding[]) {
  return faults.filter(
    ({ detector, faulty, service }) =>
      !findings.some(
        (finding) =>
          finding.detector === detector &&
          finding.service === service &&
          finding.endpoint.route === faulty.route &&
          (!callDetectors.has(detector) ||
            (finding.prediction !== null && finding.callSite !== null)),
      ),
  );
}

function findAccused(findings: readonly Finding[], seen: readonly LoadReport[]): Finding[] {
  return findings.filter(({ detector, service, endpoint }) =>
    faults.some(
      (fault) =>
        fault.service === service &&
        fault.healthy.route === endpoint.route &&
        !(slownessDetectors.has(detector) && wasSlow(fault, seen)),
    ),
  );
}

function wasSlow({ healthy }: Fault, seen: readonly LoadReport[]): boolean {
  return seen.some(({ target, p95Ms }) => target.route === healthy.route && p95Ms >= slowMs);
}
