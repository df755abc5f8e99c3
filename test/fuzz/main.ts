import { parseArgs } from "node:util";
import { type CollectorProcess, startCollectorProcess } from "../conformance/collector-process.ts";
import { type FuzzReport, fuzz } from "./fuzz.ts";
import { createTransports } from "./transports.ts";

/**
 * `npm run fuzz`: sends mutated requests over each transport to a collector in a process of its own. Fails when an answer
 * is missing or says that we are at fault, when a worker ended, or when memory grew. Last line: the figures as JSON.
 */
const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now()) },
  },
});
const requests = Number(values.requests);
const seed = Number(values.seed);
/** Above what the second half of a run may grow: caches that fill, and heaps that V8 first collects at 64 MB (`cli/node-flags.ts`). */
const growthMiBMax = 128;

async function main(): Promise<boolean> {
  // The spans' times are fixed, so that a seed gives equal requests on any day.
  const window = ["--accept-past-hours", "87600", "--accept-future-minutes", "525600"];
  const collector = await startCollectorProcess(...window);
  try {
    return await run(collector);
  } finally {
    await collector.stop();
  }
}

interface Figures {
  readonly transport: string;
  readonly sent: number;
  readonly perSecond: number;
  readonly growthMiB: number;
  readonly answers: FuzzReport["answers"];
}

async function run(collector: CollectorProcess): Promise<boolean> {
  const figures: Figures[] = [];
  let failures = 0;
  for (const transport of createTransports(collector)) {
    const startMs = performance.now();
    const first = await fuzz(transport, Math.ceil(requests / 2), seed);
    const halfMiB = await collector.residentMiB();
    const second = await fuzz(transport, Math.floor(requests / 2), seed + 1_000_000_000);
    const growthMiB = Math.round((await collector.residentMiB()) - halfMiB);
    transport.close();
    for (const failure of [...first.failures, ...second.failures]) {
      failures += 1;
      process.stderr.write(`${transport.name}: ${JSON.stringify(failure).slice(0, 2000)}\n`);
    }
    const sent = first.sent + second.sent;
    const perSecond = Math.round((sent / (performance.now() - startMs)) * 1000);
    const answers = add(first.answers, second.answers);
    figures.push({ transport: transport.name, sent, perSecond, growthMiB, answers });
    process.stdout.write(`${JSON.stringify(figures.at(-1))}\n`);
  }
  const faults = await countFaults(collector);
  const pass =
    failures === 0 &&
    faults === 0 &&
    figures.every(({ growthMiB }) => growthMiB < growthMiBMax) &&
    (await fetch(`${collector.url}/healthz`)).ok;
  process.stdout.write(`${JSON.stringify({ bench: "fuzz", pass, seed, faults, figures })}\n`);
  return pass;
}

function add(a: FuzzReport["answers"], b: FuzzReport["answers"]): FuzzReport["answers"] {
  const sum: Record<string, number> = { ...a };
  for (const [answer, count] of Object.entries(b)) sum[answer] = (sum[answer] ?? 0) + count;
  return sum;
}

/** Workers that ended, faults of ours, quarantined files. */
async function countFaults({ url }: CollectorProcess): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const refused = 'refused_requests_total\\{reason="(?:INTERNAL|DECODER_FAILED)"\\}';
  const others = "dropped_spans_total\\{.*\\}|database_restarts_total|journal_failed_inserts_total";
  const lines = [
    ...metrics.matchAll(new RegExp(`^culprit_(?:${refused}|${others}) ([1-9]\\d*)`, "gm")),
  ];
  for (const [line] of lines) process.stderr.write(`${line}\n`);
  return lines.reduce((sum, [, count]) => sum + Number(count), 0);
}

process.exitCode = (await main()) ? 0 : 1;
