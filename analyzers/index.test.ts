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

  test.each(ids)("%s: the page has all chapters, and every option with its reason", (id) => {
    const page = readFileSync(join(path, `${id}.md`), "utf8");
    expect(page.match(/^## .*/gm)).toEqual(chapters);
    const { title, defaults } = detectors.find(({ meta }) => meta.id === id)!.meta;
    expect(page.startsWith(`# ${title}\n`)).toBe(true);
    for (const [option, value] of Object.entries(defaults as Record<string, number>)) {
      const row = new RegExp(
        `^\\| \`${option}\` *\\| ${value} *\\|[^|]+\\| (?<why>[^|]+)\\|$`,
        "m",
      );
      expect(row.exec(page)?.groups?.why?.trim() ?? "", option).not.toBe("");
    }
  });

  test.each(ids)("%s: the page says what one finding is", (id) => {
    expect(readFileSync(join(path, `${id}.md`), "utf8")).toMatch(/^The finding is one per /m);
  });
});

describe.each(traceDetectors.map(({ meta }) => meta.id))("%s", (id) => {
  const read = (file: string) => readFileSync(join(import.meta.dirname, "trace", file), "utf8");
  const [, detection = "", fix = ""] = read(`${id}.md`).split(
    /^## (?:How we detect it|How to fix|When to ignore)$/m,
  );
  const cases = readdirSync(join(import.meta.dirname, "trace"))
    .filter((file) => file.startsWith(`${id}.`) && file.endsWith(".test.ts"))
    .map(read)
    .join("\n");
  // A row of the table of guards begins with the names of one or more.
  const guards = [...detection.matchAll(/^\| (`[a-z-]+`(?:, `[a-z-]+`)*) +\|/gm)].flatMap(
    ([, names]) => names!.match(/[a-z-]+/g)!,
  );

  test("each guard of the page has a case", () => {
    expect(guards.length).toBeGreaterThan(0);
    expect(guards.filter((guard) => !cases.includes(`"${guard}"`))).toEqual([]);
  });

  test("each guard of the rule is on the page", () => {
    expect(guardsOf(read(`${id}.ts`)).filter((guard) => !guards.includes(guard))).toEqual([]);
  });

  test("the page shows the fix with each library", () => {
    const libraries = ["pg", "Knex", "Prisma", "TypeORM", "Sequelize", "Mongoose"];
    const named = [...fix.matchAll(/\*\*([^*]+)\*\*/g)].flatMap(([, names]) => names!.split(/\W+/));
    expect(libraries.filter((library) => !named.includes(library))).toEqual([]);
  });
});

/** What functions that return a guard's name return, and what `suppressedBy` is set to. */
function guardsOf(source: string): string[] {
  const declarations = source.split(/^(?=(?:export )?(?:function|const|interface) )/m);
  const parts = [
    ...declarations.filter((text) => text.includes("GuardId")),
    ...(source.match(/\bsuppressedBy(: [^,]+,| =[^;]+;)/g) ?? []),
  ];
  const names = parts.flatMap((text) => [
    ...text.matchAll(/(?:return|\?\??|:) "([a-z]+(?:-[a-z]+)*)"/g),
  ]);
  return [...new Set(names.map(([, name]) => name!))];
}

test("ids are unique, versions whole numbers from 1", () => {
  const metas = [...traceDetectors, ...windowDetectors].map(({ meta }) => meta);
  expect(new Set(metas.map(({ id }) => id)).size).toBe(metas.length);
  for (const { version } of metas) expect(Number.isInteger(version) && version >= 1).toBe(true);
});
