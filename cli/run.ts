import { dataCommand } from "./data-commands.ts";
import { importCommand } from "./import-command.ts";
import { keysCommand } from "./keys-command.ts";
import { startCommand } from "./start-command.ts";
import { version } from "./version.ts";

const help = `culprit finds what makes a backend slow: the endpoint, the query and the line of code.

Usage: culprit <command> [options]

Commands:
  start      collector, analyzers, alerts and UI in one process
  import     store recorded requests, whatever their times
  keys       make, list and revoke the keys of those who send
  backup     copy the data folder
  restore    make a data folder of a backup
  erase      erase what carries a value of an attribute
  help       this text
  version    ${version}

Examples:
  culprit start
  culprit start --port 4318 --data ./data
  culprit start --help
  culprit keys create --name shop
`;

/** Runs a command line (without node and script). Resolves with the exit code when the command has ended. */
export async function run(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case "start":
      return startCommand(rest);
    case "import":
      return importCommand(rest);
    case "keys":
      return keysCommand(rest);
    case "backup":
    case "restore":
    case "erase":
      return dataCommand(command, rest);
    case "version":
    case "--version":
    case "-v":
      process.stdout.write(`${version}\n`);
      return 0;
    case undefined:
    case "help":
    case "--help":
    case "-h":
      process.stdout.write(help);
      return 0;
    default:
      process.stderr.write(`culprit: unknown command ${JSON.stringify(command)}\n\n${help}`);
      return 2;
  }
}
