#!/usr/bin/env node
/** The `culprit` command. Holds nothing but the choice of Node and its flags, so that an old Node can read this file. */
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const nodeMajorMin = 24;

if (Number(process.versions.node.split(".")[0]) >= nodeMajorMin) {
  if (process.argv[2] === "start") (await import("./node-flags.ts")).startAgainWithFlags();
  const { run } = await import("./run.ts");
  process.exitCode = await run(process.argv.slice(2));
} else {
  process.exitCode = await runOnOwnNode();
}

/** Runs this command again on the Node that npm installed beside us (package `node`). */
function runOnOwnNode(): Promise<number> {
  const node = join(dirname(fileURLToPath(import.meta.resolve("node/package.json"))), "bin/node");
  const child = spawn(node, process.argv.slice(1), { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => child.kill(signal));
  }
  return new Promise((resolve) => {
    child.on("error", (error) => {
      process.stderr.write(
        `culprit needs Node ${nodeMajorMin} and could not start the one of its package "node": ${error.message}\n` +
          `Reinstall with install scripts allowed, or run culprit with Node >= ${nodeMajorMin}.\n`,
      );
      resolve(1);
    });
    child.on("exit", (code, signal) => resolve(signal ? 1 : (code ?? 1)));
  });
}
