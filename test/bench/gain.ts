import { constants } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { readStartConfig } from "../../cli/config.ts";
import { startCulprit } from "../../cli/start.ts";
import { type GainCase, gainCases, type Level, levels } from "./gain/gain-cases.ts";
import { startGainShop } from "./gain/gain-shop.ts";
import { type Outcome, toOutcomes } from "./gain/outcome.ts";
import { printGain } from "./gain/print-gain.ts";
import {
  type Ports,
  readDurations,
  readPrediction,
  untilExamined,
  untilStored,
} from "./gain/read-results.ts";
import { runCase } from "./gain/run-case.ts";
import { print } from "./report.ts";

const help = `Predicts what fixing each fault of the shop saves, fixes it, and measures.

Usage: npm run bench:gain [-- options]

  --quick       three faults and a pair, at the low load
  --only NAMES  these cases, separated by commas
  --level NAME  low or high; both unless told
  --data DIR    folder for the load's journal and database, kept (a temporary one, removed at the end)
  --again       no load: predict from the load that DIR holds, which stays as it is
  --help        this text
`;

/** Requests to each form of an endpoint; with those that warm it up, all fit into the sample of a prediction. */
const requests: Readonly<Record<Level, number>> = { low: 60, high: 120 };
const quickRequests = { low: 60, high: 60 };
const quickCases: ReadonlySet<string> = new Set(["orders", "names", "names-then-rates"]);
const warmUpRequests = 10;
/** The agent sends what it has at least that often. */
const exportMs = 6_000;

interface Plan {
  readonly cases: readonly GainCase[];
  readonly levels: readonly Level[];
  readonly requests: Readonly<Record<Level, number>>;
  /** Where journal and database are kept; undefined: they are removed at the end. */
  readonly dataFolder: string | undefined;
  readonly isAgain: boolean;
}

function readPlan(): Plan | undefined {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      level: { type: "string" },
      data: { type: "string" },
      again: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const names = values.only?.split(",");
  const unknown = names?.find((name) => !gainCases.some((gainCase) => gainCase.name === name));
  if (unknown) throw new Error(`there is no case ${unknown}`);
  const isChosen = ({ name }: GainCase) =>
    names ? names.includes(name) : !values.quick || quickCases.has(name);
  const chosen = levels.filter((level) =>
    values.level ? level === values.level : !values.quick || level === "low",
  );
  return {
    cases: gainCases.filter(isChosen),
    levels: chosen,
    requests: values.quick ? quickRequests : requests,
    dataFolder: values.data,
    isAgain: values.again,
  };
}

async function main(plan: Plan): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "culprit-gain-"));
  try {
    const load = plan.dataFolder ?? join(folder, "load");
    // Nobody looks for findings while the shop is measured: they would share its two processors.
    if (!plan.isAgain) {
      await withCulprit(load, ["--without-analysis"], async (ports) => {
        for (const level of plan.levels) await runLevel(plan, level, ports);
      });
    }
    // In a copy: where nobody has looked for findings, any version can predict.
    const data = join(folder, "data");
    await cp(load, data, { recursive: true, mode: constants.COPYFILE_FICLONE });
    await withCulprit(data, [], async (ports) => {
      await untilExamined(ports, plan.cases.length * plan.levels.length, print);
      await report(plan, ports);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withCulprit(
  data: string,
  flags: readonly string[],
  use: (ports: Ports) => Promise<void>,
): Promise<void> {
  const ports = ["--port", "0", "--grpc-port", "off", "--clickhouse-port", "0"];
  let clickhouseUrl = "";
  const culprit = await startCulprit(readStartConfig([...ports, "--data", data, ...flags], {}), {
    log: (line) => {
      clickhouseUrl ||= /ClickHouse's HTTP protocol.* (http:\S+)/.exec(line)?.[1] ?? "";
    },
  });
  try {
    await culprit.opened;
    await use({ url: culprit.url, clickhouseUrl });
  } finally {
    await culprit.close();
  }
}

async function runLevel({ cases, requests: ofLevel }: Plan, level: Level, ports: Ports) {
  const perForm = ofLevel[level];
  print(`${level} load: starting the shop`);
  const shop = await startGainShop(level, ports.url);
  try {
    for (const [i, gainCase] of cases.entries()) {
      print(`${level} load, ${i + 1} of ${cases.length}: ${gainCase.name}`);
      const baseUrl = shop.urlOf(gainCase.service);
      await warmUp(gainCase, baseUrl);
      await runCase(gainCase, { baseUrl, level, requests: perForm });
    }
    await delay(exportMs);
    for (const { service, faulty, fixed } of cases) {
      for (const { route } of [faulty, fixed]) {
        await untilStored(ports, level, { service, route }, perForm);
      }
    }
  } finally {
    await shop.stop();
  }
}

/** One after the other, both forms: code is compiled, connections are open, pages are in memory. */
async function warmUp({ method, faulty, fixed }: GainCase, baseUrl: string): Promise<void> {
  for (let n = 0; n < warmUpRequests; n++) {
    for (const { path } of [faulty, fixed]) {
      const response = await fetch(baseUrl + path(n), { method });
      await response.arrayBuffer();
    }
  }
}

/** How busy the machine was before anything began: others' work makes both what is predicted and what is measured noisy. */
const loadAverage = loadavg()[0] ?? 0;

async function report({ cases, levels: chosen }: Plan, ports: Ports): Promise<void> {
  const outcomes: Outcome[] = [];
  const missing: string[] = [];
  for (const level of chosen) {
    for (const gainCase of cases) {
      const prediction = await readPrediction(ports, gainCase, level);
      if (typeof prediction === "string") {
        missing.push(`${gainCase.name} (${level}): ${prediction}`);
        continue;
      }
      const { service } = gainCase;
      const [faulty, fixed] = await Promise.all([
        readDurations(ports, level, { service, route: gainCase.faulty.route }),
        readDurations(ports, level, { service, route: gainCase.fixed.route }),
      ]);
      outcomes.push(...toOutcomes(gainCase, level, prediction, { faulty, fixed }));
    }
  }
  printGain(outcomes, missing, loadAverage);
}

const plan = readPlan();
if (plan) await main(plan);
else print(help);
