import { readStartConfig, startOptions } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { startCulprit } from "./start.ts";

/** Runs `culprit start` until SIGINT or SIGTERM. */
export async function startCommand(args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(startHelp());
    return 0;
  }
  try {
    const config = readStartConfig(args);
    const culprit = await startCulprit(config, { log });
    const url = config.port === 0 ? culprit.url : config.publicUrl;
    process.stdout.write(welcome(url, culprit.grpcUrl, culprit.isReady()));
    // In a terminal it says that the terminal is gone, and ends us.
    if (!process.stdout.isTTY) process.on("SIGHUP", () => void culprit.reload());
    log(`stopping on ${await nextSignal()}`);
    await culprit.close();
    return 0;
  } catch (error) {
    const hint = error instanceof ConfigError ? "\nculprit start --help lists the options." : "";
    process.stderr.write(`culprit: ${error instanceof Error ? error.message : error}${hint}\n`);
    return 1;
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
