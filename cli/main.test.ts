import { join } from "node:path";
import { expect, test } from "vitest";
import { startNode } from "../test/support/processes.ts";
import { version } from "./version.ts";

const main = join(import.meta.dirname, "main.ts");

async function runCulprit(args: readonly string[], env: Record<string, string> = {}) {
  const started = await startNode({ args: [main, ...args], env });
  return { code: await started.ended, output: started.output() };
}

test.each([[[]], [["help"]], [["--help"]], [["-h"]]])("%j tells what there is", async (args) => {
  const { code, output } = await runCulprit(args);
  expect(code).toBe(0);
  expect(output).toContain("Usage: culprit <command>");
  expect(output).toContain("start");
});

test("version is the package's", async () => {
  expect(await runCulprit(["--version"])).toEqual({ code: 0, output: `${version}\n` });
  expect(version).toMatch(/^\d+\.\d+\.\d+/);
});

test("an unknown command is an error that shows the known ones", async () => {
  const { code, output } = await runCulprit(["strat"]);
  expect(code).toBe(2);
  expect(output).toContain('unknown command "strat"');
  expect(output).toContain("Usage:");
});

test("start --help lists every option", async () => {
  const { code, output } = await runCulprit(["start", "--help"]);
  expect(code).toBe(0);
  expect(output).toContain("--slack-webhook-url");
  expect(output).toContain("CULPRIT_SLACK_WEBHOOK_URL");
});

test("start with a mistake says which, and starts nothing", async () => {
  const { code, output } = await runCulprit(["start", "--port", "none"]);
  expect(code).not.toBe(0);
  expect(output).toContain("--port (CULPRIT_PORT)");
  expect(output).not.toContain("    at ");
});

test.each(["start", "import"])(
  "%s says what to do when it can't use the data folder",
  async (name) => {
    const files = name === "import" ? [main] : [];
    const { code, output } = await runCulprit([name, ...files, "--data", main]);
    expect(code).toBe(1);
    expect(output).toContain("the data folder can't be used: EEXIST");
    expect(output).toContain("Choose another with --data (CULPRIT_DATA)");
  },
);
