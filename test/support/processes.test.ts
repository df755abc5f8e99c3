import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isRunning } from "./is-running.ts";
import { type NodeProcess, outputCharactersMax, startNode } from "./processes.ts";
import { until } from "./until.ts";

async function run(program: string, env: Record<string, string> = {}): Promise<NodeProcess> {
  const child = await startNode({ args: ["--input-type=module", "-e", program], env });
  onTestFinished(async () => void (await child.stop()));
  return child;
}

test("startNode gives the program's output and exit code", async () => {
  const child = await run(
    `process.stdout.write("out"); process.stderr.write("err"); process.exitCode = 3;`,
  );
  expect(await child.ended).toBe(3);
  expect(child.output()).toContain("out");
  expect(child.output()).toContain("err");
  expect(await child.stop()).toBe(3);
});

test("startNode hands on the environment it was given, and nothing of the test's own", async () => {
  const child = await run(`process.stdout.write(Object.keys(process.env).sort().join());`, {
    GIVEN: "1",
  });
  await child.ended;
  expect(
    child
      .output()
      .split(",")
      .filter((key) => key !== "TMPDIR"),
  ).toEqual(["GIVEN", "HOME", "PATH"]);
});

test("waitFor finds what was written before and what comes after", async () => {
  const child = await run(`
    process.on("SIGUSR2", () => process.stdout.write("second line"));
    process.stdout.write("port 1234");
    setInterval(() => {}, 1000);
  `);
  expect((await child.waitFor(/port (\d+)/))[1]).toBe("1234");
  const second = child.waitFor(/second/);
  process.kill(child.pid, "SIGUSR2");
  expect((await second)[0]).toBe("second");
  expect((await child.waitFor(/port/))[0]).toBe("port");
});

test("waitFor tells what the program wrote when it ends without the line", async () => {
  const child = await run(`throw new Error("no database");`);
  await expect(child.waitFor(/ready/)).rejects.toThrow(
    /\/ready\/ before the end \(1\).*no database/s,
  );
});

test("waitFor gives up at its deadline", async () => {
  const child = await run(`setInterval(() => {}, 1000);`);
  await expect(child.waitFor(/ready/, 1)).rejects.toThrow(/after 1 ms/);
});

test("stop kills a program that ignores SIGTERM", async () => {
  const child = await run(`
    process.on("SIGTERM", () => {});
    setInterval(() => {}, 1000);
    process.stdout.write("ready");
  `);
  await child.waitFor(/ready/);
  expect(await child.stop(1)).toBe("SIGKILL");
});

test("a program that writes without end is read to the end, and the last part is kept", async () => {
  const length = outputCharactersMax + 5;
  const child = await run(`process.stdout.write("a".repeat(${length}) + "end");`);
  await child.ended;
  expect(child.output()).toHaveLength(outputCharactersMax);
  expect(child.output().endsWith("end")).toBe(true);
});

test("a program ends when the process that started it is killed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "culprit-test-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const endless = join(folder, "endless.mjs");
  await writeFile(endless, "setInterval(() => {}, 1000);");
  const starter = await run(`
    import { startNode } from ${JSON.stringify(import.meta.resolve("./processes.ts"))};
    const child = await startNode({ args: [${JSON.stringify(endless)}] });
    process.stdout.write("pid " + child.pid);
  `);
  const [, pid] = await starter.waitFor(/pid (\d+)/);
  expect(isRunning(Number(pid))).toBe(true);
  process.kill(starter.pid, "SIGKILL");
  await until(() => !isRunning(Number(pid)));
});
