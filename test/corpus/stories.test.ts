import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { traceDetectors, windowDetectors } from "../../analyzers/index.ts";
import { programsFolder } from "./programs-folder.ts";
import { programStories, stories } from "./stories.ts";
import { type Sdk, sdks } from "./story.ts";

/** What the corpus has to hold, so that what `bench:detect` says of a detector means something. */
const positivesMin = 6;
const negativesMin = 8;
const heldOutShareMin = 0.25;

const ids = [...traceDetectors, ...windowDetectors].map(({ meta }) => meta.id);

describe.each(ids)("%s", (id) => {
  const positives = stories.filter(({ finds }) => finds.includes(id));
  const negatives = stories.filter(({ resembles }) => resembles.includes(id));

  test(`has ${positivesMin} stories with its fault, and ${negativesMin} that only look like it`, () => {
    expect(positives.length).toBeGreaterThanOrEqual(positivesMin);
    expect(negatives.length).toBeGreaterThanOrEqual(negativesMin);
  });

  test("has both in programs that were not looked at while it was tuned", () => {
    expect(positives.some(({ isHeldOut }) => isHeldOut)).toBe(true);
    expect(negatives.some(({ isHeldOut }) => isHeldOut)).toBe(true);
  });
});

test("a quarter of the stories is of programs that were not looked at while detectors were tuned", () => {
  const heldOut = stories.filter(({ isHeldOut }) => isHeldOut);
  expect(heldOut.length / stories.length).toBeGreaterThanOrEqual(heldOutShareMin);
});

test("each fault is recorded again with its fix applied, under the same SDK", () => {
  const isFixed = ({ program, sdk, path }: (typeof programStories)[number]) =>
    programStories.some(
      (other) => other.program === program && other.sdk === sdk && other.fixes === path,
    );
  const faults = programStories.filter(({ finds, unseen }) => finds.length + unseen.length > 0);
  expect(faults.filter((story) => !isFixed(story)).map(({ name }) => name)).toEqual([]);
  expect(faults.length).toBeGreaterThan(0);
});

test("a label says one thing: what must be found is not what may be, what is not seen, or what it looks like", () => {
  for (const { name, finds, mayFind, unseen, resembles } of stories) {
    const labels = [...finds, ...mayFind, ...unseen, ...resembles];
    expect(new Set(labels).size, name).toBe(labels.length);
    expect(ids, name).toEqual(expect.arrayContaining(labels));
  }
});

test("every story is recorded, and every recording is a story", () => {
  const recorded = readdirSync(join(import.meta.dirname, "../fixtures/traces"))
    .filter((file) => file.endsWith(".otlp.gz"))
    .map((file) => file.replace(".otlp.gz", ""));
  expect(recorded.sort()).toEqual(stories.map(({ name }) => name).sort());
});

test("no recording says where on its recorder's machine it was made", () => {
  const folders = /\/(root|work|tmp|Users)\/|\/home\/[a-z]/;
  const telling = stories.filter(({ name }) => folders.test(readRecording(name)));
  expect(telling.map(({ name }) => name)).toEqual([]);
});

/** What programs are written with: the packages that they ask for, and the databases whose addresses they read. */
const promised = {
  Express: 'require("express")',
  Fastify: 'require("fastify")',
  Nest: 'require("@nestjs/core")',
  pg: 'require("pg")',
  "Prisma's adapter": 'require("@prisma/adapter-pg")',
  Knex: 'require("knex")',
  Sequelize: 'require("sequelize")',
  TypeORM: 'require("typeorm")',
  Mongoose: 'require("mongoose")',
  PostgreSQL: "DATABASE_URL",
  MariaDB: "MARIADB_URL",
  Redis: "REDIS_URL",
};

describe.each<Sdk>(sdks)("under %s", (sdk) => {
  const programs = new Set(programStories.filter((story) => story.sdk === sdk).map(toSource));

  test.each(Object.entries(promised))("%s has stories", (_, words) => {
    expect([...programs].some((source) => source.includes(words))).toBe(true);
  });
});

function toSource({ program }: (typeof programStories)[number]): string {
  return readFileSync(join(programsFolder, `${program}.cjs`), "utf8");
}

function readRecording(name: string): string {
  const file = join(import.meta.dirname, `../fixtures/traces/${name}.otlp.gz`);
  return gunzipSync(readFileSync(file)).toString("latin1");
}
