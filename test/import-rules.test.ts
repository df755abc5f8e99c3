import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

/** One planted violation a rule: file -> the import that must not be there. Every file gets its target made. */
const planted: Record<string, readonly (readonly [file: string, statement: string])[]> = {
  "agent-stands-alone": [["agent/planted.ts", 'import "../storage/target.ts"']],
  "analysis-is-pure": [["analyzers/facts/planted.ts", 'import "node:fs"']],
  "model-knows-nobody": [["analyzers/model/planted.ts", 'import "../facts/target.ts"']],
  "facts-know-no-detector": [["analyzers/facts/planted-2.ts", 'import "../trace/target.ts"']],
  "detectors-know-no-gain": [["analyzers/window/planted.ts", 'import "../gain/target.ts"']],
  "gain-knows-no-detector": [["analyzers/gain/planted.ts", 'import "../trace/target.ts"']],
  "detectors-do-not-share": [["analyzers/trace/planted.ts", 'import "../window/target.ts"']],
  "stages-meet-in-main": [["collector/receiver/planted.ts", 'import "../journal/target.ts"']],
  "clickhouse-only-in-storage": [["collector/api/planted.ts", 'import "chdb"']],
  "storage-asks-nobody": [["storage/planted.ts", 'import "../collector/target.ts"']],
  "alerts-name-types-only": [["alerts/planted.ts", 'import "../analyzers/model/target.ts"']],
  "web-names-types-only": [["web/planted.ts", 'import "../collector/api/target.ts"']],
  "cli-is-imported-by-nobody": [["storage/planted-2.ts", 'import "../cli/target.ts"']],
  "source-never-imports-tests": [["cli/planted.ts", 'import "../test/target.ts"']],
  "no-cycles": [
    ["alerts/cycle-a.ts", 'import "./cycle-b.ts"'],
    ["alerts/cycle-b.ts", 'import "./cycle-a.ts"'],
  ],
};

const folder = mkdtempSync(join(tmpdir(), "culprit-import-rules-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("every import rule fires on its planted violation, and on no other rule's", () => {
  cpSync(join(root, ".dependency-cruiser.mjs"), join(folder, ".dependency-cruiser.mjs"));
  cpSync(join(root, "tsconfig.json"), join(folder, "tsconfig.json"));
  write("node_modules/chdb/index.js", "");
  write("node_modules/chdb/package.json", '{ "name": "chdb", "main": "index.js" }');
  for (const [file, statement] of Object.values(planted).flat()) {
    write(file, `${statement};\nexport {};\n`);
    const target = /"(\..*)"/.exec(statement)?.[1];
    if (target?.endsWith("target.ts")) write(join(dirname(file), target), "export {};\n");
  }

  const fired = new Map<string, string[]>();
  const { violations, ruleSetUsed } = cruise();
  for (const { rule, from } of violations)
    fired.set(rule.name, [...(fired.get(rule.name) ?? []), from]);

  expect(Object.keys(planted).sort()).toEqual(ruleSetUsed.forbidden.map(({ name }) => name).sort());
  for (const [rule, files] of Object.entries(planted)) {
    expect(fired.get(rule), rule).toContain(files[0]![0]);
  }
  expect(fired.get("detectors-do-not-share")).toEqual(["analyzers/trace/planted.ts"]);
});

test("a stage may name another stage's types", () => {
  write("collector/decode/typed.ts", 'import type {} from "../journal/target.ts";\n');
  expect(cruise().violations.map(({ from }) => from)).not.toContain("collector/decode/typed.ts");
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

interface Summary {
  readonly violations: readonly {
    readonly rule: { readonly name: string };
    readonly from: string;
  }[];
  readonly ruleSetUsed: { readonly forbidden: readonly { readonly name: string }[] };
}

function cruise(): Summary {
  const folders = ["agent", "alerts", "analyzers", "cli", "collector", "storage", "web", "test"];
  const command = [join(root, "node_modules/.bin/depcruise"), "--output-type", "json", ...folders];
  const output = execFileSync(process.execPath, command, {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  const report: { summary: Summary } = JSON.parse(output);
  return report.summary;
}
