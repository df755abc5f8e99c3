import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { startOptions } from "../cli/config.ts";

/** The house rules that no other tool checks. Each says in its title what to do. */
const root = join(import.meta.dirname, "..");
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && existsSync(join(root, file)));
const source = files.filter((file) => /\.tsx?$/.test(file) && !file.startsWith("test/fixtures/"));

test("a file is named for what it holds: utils, helpers, common … say nothing", () => {
  const banned = /^(utils?|helpers?|common|shared|core|lib|misc|types)$/;
  const named = source.filter((file) =>
    file.split("/").some((part) => banned.test(part.replace(/\..*$/, ""))),
  );
  expect(named).toEqual([]);
});

test("migrations are numbered without gaps, one object a file", () => {
  const numbers = files
    .filter((file) => file.startsWith("storage/migrations/") && file.endsWith(".sql"))
    .map((file) => Number(basename(file).slice(0, 4)));
  expect(numbers).toEqual(numbers.map((_, i) => i + 1));
});

test("every setting of the server is in the README or in docs/, every setting of the agent in the agent's", () => {
  const docs = files.filter((file) => /^docs\/.*\.md$/.test(file));
  const readme = ["README.md", ...docs].map(read).join("\n");
  const missing = Object.values(startOptions).filter(({ variable }) => !readme.includes(variable));
  expect(missing).toEqual([]);
  const agentReadme = read("agent/README.md");
  const agentVariables = new Set(read("agent/config.ts").match(/CULPRIT_[A-Z_]+/g));
  expect([...agentVariables].filter((variable) => !agentReadme.includes(variable))).toEqual([]);
});

test("every error code is in ARCHITECTURE.md", () => {
  const architecture = read("ARCHITECTURE.md");
  const codes = source
    .filter((file) => !file.includes(".test."))
    .flatMap((file) => read(file).match(/export type \w+ErrorCode =[^;]*;/g) ?? [])
    .flatMap((type) => type.match(/"[A-Z_]+"/g) ?? []);
  expect(codes.length).toBeGreaterThan(5);
  expect(codes.filter((code) => !architecture.includes(code.slice(1, -1)))).toEqual([]);
});

test("every dependency has a line in ARCHITECTURE.md that says what it saves", () => {
  const architecture = read("ARCHITECTURE.md");
  const missing = ["package.json", "agent/package.json", "web/package.json"].flatMap((manifest) => {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(read(manifest));
    return Object.keys({ ...dependencies, ...devDependencies }).filter(
      (name) => !architecture.includes(`\`${name}\``),
    );
  });
  expect(missing).toEqual([]);
});

test("the lock file names the packages of every platform: run `npm run lock` after `npm install`", () => {
  const {
    packages,
  }: { packages: Record<string, { optionalDependencies?: Record<string, string> }> } = JSON.parse(
    read("package-lock.json"),
  );
  const paths = Object.keys(packages);
  const missing = Object.values(packages)
    .flatMap(({ optionalDependencies = {} }) => Object.entries(optionalDependencies))
    // A range is resolved by npm; where its registry has no match, nobody could say which version is meant.
    .filter(([, version]) => /^\d/.test(version))
    .map(([name]) => name)
    .filter((name) => !paths.some((path) => path.endsWith(`node_modules/${name}`)));
  expect(missing).toEqual([]);
});

test("no check is switched off in the source", () => {
  const marks = new RegExp(
    ["biome-ignore", "@ts-ignore", "@ts-expect-error", "@ts-nocheck", "eslint-disable"].join("|"),
  );
  const silenced = source.filter((file) => file !== "test/tidy.test.ts" && marks.test(read(file)));
  expect(silenced).toEqual([]);
});

test("no test is skipped or left alone", () => {
  const marks = /\b(test|it|describe)\.(skip|only|todo|fails)\b/;
  const skipped = source.filter((file) => file !== "test/tidy.test.ts" && marks.test(read(file)));
  expect(skipped).toEqual([]);
});

function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}
