import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readStartConfig } from "../../cli/config.ts";
import { startCulprit } from "../../cli/start.ts";
import { startPostgres } from "../support/postgres.ts";
import { DemoRun } from "./demo-run.ts";
import { runLoad } from "./load.ts";
import { shopTraffic, startShop } from "./start-shop.ts";

const help = `Runs culprit, a shop of real services on a real PostgreSQL, and the shop's customers; prints findings as they appear.

Usage: npm run demo [-- options]

  --once        stop by itself; exit 1 if a fault is not found or a healthy endpoint is accused
  --port N      port of culprit (4318; with --once a free one)
  --data DIR    folder for journal and database, kept (a temporary one, removed at the end)
  --help        this text

Examples:
  npm run demo
  npm run demo -- --once
`;

const onceLoadMs = 66_000;
const endlessLoadMs = 3_600_000;
const agentPath = join(import.meta.dirname, "../../agent/dist/register.mjs");

const { values } = parseArgs({
  options: {
    once: { type: "boolean", default: false },
    port: { type: "string" },
    data: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) process.stdout.write(help);
else process.exitCode = await demo(values.once, values.port ?? (values.once ? "0" : "4318"));

/** Resolves with the exit code. Everything that was started is ended. */
async function demo(once: boolean, port: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "culprit-demo-"));
  const ends: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stopped = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopped.abort());
  try {
    say("starting PostgreSQL and culprit");
    const dataFolder = values.data ?? join(folder, "data");
    const config = readStartConfig(["--port", port, "--grpc-port", "0", "--data", dataFolder], {});
    const [postgres, culprit] = await Promise.all([
      startPostgres(),
      startCulprit(config, { log: say }),
    ]);
    ends.unshift(
      () => culprit.close(),
      () => postgres.stop(),
    );
    await culprit.opened;
    say(`culprit is at ${culprit.url}; filling the shop's database and starting its services`);
    const shop = await startShop({ postgres, agentPath, otlpEndpoint: culprit.url });
    ends.unshift(() => shop.stop());

    const durationMs = once ? onceLoadMs : endlessLoadMs;
    say(`customers come for ${once ? `${durationMs / 1000} s` : "an hour, or until Ctrl+C"}`);
    const run = new DemoRun({ url: culprit.url, say, signal: stopped.signal });
    const load = runLoad({ targets: shopTraffic(shop.urls), durationMs, signal: stopped.signal });
    void run.watch();
    const reports = await load;
    const failed = reports.reduce((sum, report) => sum + report.failed + report.skipped, 0);
    say(
      `${reports.reduce((sum, report) => sum + report.ok, 0)} requests answered, ${failed} failed`,
    );
    if (!stopped.signal.aborted) await run.waitUntilExamined();
    return await run.report(reports);
  } finally {
    for (const end of ends) await end();
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
