import { readStartConfig, type StartConfig, startOptions } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { type Culprit, startCulprit } from "./start.ts";

/** Runs `culprit start` until SIGINT or SIGTERM. */
export async function startCommand(args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(startHelp());
    return 0;
  }
  try {
    const config = readStartConfig(args);
    await serve(await startCulprit(config, { log }), config);
    return 0;
  } catch (error) {
    const hint = error instanceof ConfigError ? "\nculprit start --help lists the options." : "";
    process.stderr.write(`culprit: ${error instanceof Error ? error.message : error}${hint}\n`);
    return 1;
  }
}

/** Until a signal, or until the database inside can't be opened: what comes would fill the journal and be seen by nobody. */
async function serve(culprit: Culprit, { port, publicUrl }: StartConfig): Promise<void> {
  // In a terminal it says that the terminal is gone, and ends us.
  if (!process.stdout.isTTY) process.on("SIGHUP", () => void culprit.reload());
  const stopped = nextSignal();
  const url = port === 0 ? culprit.url : publicUrl;
  log(`listening on ${culprit.url}`);
  try {
    const greeted = culprit.opened.then(() =>
      process.stdout.write(welcome(url, culprit.grpcUrl, culprit.isReady())),
    );
    await Promise.race([greeted, stopped]);
    log(`stopping on ${await stopped}`);
  } finally {
    await culprit.close();
  }
}

function startHelp(): string {
  const rows = Object.entries(startOptions).map(([name, option]) => {
    const defaultText = option.default === "" ? "" : ` [${option.default}]`;
    return `  --${name.padEnd(28)}${option.help}${defaultText}\n  ${" ".repeat(30)}${option.variable}`;
  });
  return `Runs collector, analyzers, alerts and UI in one process, on ClickHouse inside it.

Usage: culprit start [options]

Options, and the environment variables that stand for them:
${rows.join("\n")}

Examples:
  culprit start
  culprit start --port 14318 --data /var/lib/culprit
  CULPRIT_SLACK_WEBHOOK_URL=https://hooks.slack.com/services/… culprit start
`;
}

function welcome(url: string, grpcUrl = "off", isReady: boolean): string {
  const state = isReady
    ? "Culprit is ready."
    : "Culprit takes traces; the UI answers once the database does.";
  return `
  ${state}

  UI     ${url}
  OTLP   ${url}/v1/traces
  gRPC   ${grpcUrl}

  Attach a Node.js app:   OTEL_EXPORTER_OTLP_ENDPOINT=${url} node --require @culprit/agent app.js
  Any OpenTelemetry SDK:  OTEL_EXPORTER_OTLP_ENDPOINT=${url} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf

`;
}

function log(line: string): void {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`);
}

function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => resolve(signal));
  });
}
