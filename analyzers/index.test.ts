import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { traceDetectors, windowDetectors } from "./index.ts";

const folders = [
  { folder: "trace", detectors: traceDetectors },
  { folder: "window", detectors: windowDetectors },
];
const chapters = [
  "## Why it matters",
  "## How we detect it",
  "## How to fix",
  "## When to ignore",
  "## Options",
];

describe.each(folders)("analyzers/$folder", ({ folder, detectors }) => {
  const path = join(import.meta.dirname, folder);
  const ids = detectors.map(({ meta }) => meta.id);

  test("a detector is a rule, its cases and its page, named for its id, and in the list", () => {
    const files = ids.flatMap((id) => [`${id}.md`, `${id}.test.ts`, `${id}.ts`]);
    // Cases that don't fit in one file: n-plus-one.services.test.ts.
    const isFurtherCases = (file: string) =>
      /^[^.]+\.[a-z-]+\.test\.ts$/.test(file) && ids.includes(file.split(".", 1)[0]!);
    const found = readdirSync(path).filter((file) => !isFurtherCases(file));
    expect(found.sort()).toEqual(files.sort());
  });

  test.each(ids)("%s: the page has all chapters, and every option", (id) => {
    const page = readFileSync(join(path, `${id}.md`), "utf8");
    expect(page.match(/^## .*/gm)).toEqual(chapters);
    const { title, defaults } = detectors.find(({ meta }) => meta.id === id)!.meta;
    expect(page.startsWith(`# ${title}\n`)).toBe(true);
    for (const [option, value] of Object.entries(defaults as Record<string, number>)) {
      expect(page).toMatch(new RegExp(`^\\| \`${option}\` *\\| ${value} *\\|`, "m"));
    }
  });
});

test("ids are unique, versions whole numbers from 1", () => {
  const metas = [...traceDetectors, ...windowDetectors].map(({ meta }) => meta);
  expect(new Set(metas.map(({ id }) => id)).size).toBe(metas.length);
  for (const { version } of metas) expect(Number.isInteger(version) && version >= 1).toBe(true);
});
