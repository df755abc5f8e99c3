import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startNode } from "../test/support/processes.ts";

const module = JSON.stringify(join(import.meta.dirname, "node-flags.ts"));
/** Says who it is each time it starts. */
const program = `
import { startAgainWithFlags } from ${module};
const { pid, execArgv, argv, env } = process;
console.log(JSON.stringify({ pid, execArgv, args: argv.slice(2), arenas: env.MALLOC_ARENA_MAX }));
startAgainWithFlags();
`;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "culprit-node-flags-"));
  await writeFile(join(folder, "program.mjs"), program);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Start {
  readonly pid: number;
  readonly execArgv: readonly string[];
  readonly args: readonly string[];
  readonly arenas?: string;
}

async function run(flags: readonly string[], env: Record<string, string> = {}): Promise<Start[]> {
  const args = [...flags, join(folder, "program.mjs"), "start", "--port", "1"];
  const started = await startNode({ args, env });
  expect(await started.ended).toBe(0);
  return started
    .output()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Start);
}

test("a process starts once more, with the same id and arguments and without a warning", async () => {
  const [first, second, ...more] = await run([]);
  expect(first).toMatchObject({ execArgv: [], args: ["start", "--port", "1"] });
  expect(second).toEqual({
    ...first,
    execArgv: ["--max-semi-space-size=8", "--initial-old-space-size=64"],
    arenas: "2",
  });
  expect(more).toEqual([]);
});

test("what whoever starts it has set counts", async () => {
  const [, second] = await run(["--max-semi-space-size=32"], { MALLOC_ARENA_MAX: "7" });
  expect(second?.execArgv.at(-1)).toBe("--max-semi-space-size=32");
  expect(second?.arenas).toBe("7");
});
