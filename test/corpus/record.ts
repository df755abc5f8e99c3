import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { seedShop } from "../demo/seed-shop.ts";
import { startFakeMongodb } from "../libraries/fake-mongodb.ts";
import { startMariadb } from "../support/mariadb.ts";
import { startPostgres } from "../support/postgres.ts";
import { startNode } from "../support/processes.ts";
import { startRedis } from "../support/redis.ts";
import { installPrograms, programsFolder } from "./programs-folder.ts";
import { quietShop, recordQuietShop } from "./quiet-shop.ts";
import { recordStory } from "./record-story.ts";
import { startRecordingSink } from "./recording-sink.ts";
import { seedFilms } from "./seed-films.ts";
import { seedHotel } from "./seed-hotel.ts";
import { programStories } from "./stories.ts";
import type { ProgramStory } from "./story.ts";

/**
 * Records the stories whose names begin with an argument, or all: `node test/corpus/record.ts [express-pg-orders …]`.
 * The agent is the built one, so build before.
 */
const wanted = process.argv.slice(2);
const isWanted = ({ name }: { readonly name: string }) =>
  wanted.length === 0 || wanted.some((start) => name.startsWith(start));
const chosen = programStories.filter(isWanted);
const recordings = join(import.meta.dirname, "../fixtures/traces");

await mkdir(recordings, { recursive: true });
const sink = await startRecordingSink();
try {
  if (chosen.length > 0) await recordPrograms(chosen);
  if (isWanted(quietShop)) await keep(quietShop.name, await recordQuietShop(sink));
} finally {
  await sink.stop();
}

async function recordPrograms(stories: readonly ProgramStory[]): Promise<void> {
  await installPrograms();
  const [postgres, mariadb, redis, mongodb] = await Promise.all([
    startPostgres(),
    startMariadb(),
    startRedis(),
    startFakeMongodb(join(programsFolder, "package.json")),
  ]);
  try {
    const env = {
      DATABASE_URL: await seedShop(postgres),
      MARIADB_URL: await seedHotel(mariadb),
      MONGODB_URL: await seedFilms(mongodb),
      REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    };
    for (const story of stories) await keep(story.name, await recordWithPayments(story, env));
  } finally {
    await Promise.all([postgres.stop(), mariadb.stop(), redis.stop(), mongodb.stop()]);
  }
}

async function recordWithPayments(
  story: ProgramStory,
  env: Readonly<Record<string, string>>,
): Promise<Buffer> {
  // Its own for each: it knows who has asked before.
  const payments = await startNode({ args: [join(programsFolder, "payments.cjs")] });
  try {
    const [, port] = await payments.waitFor(/listening on (\d+)/);
    const PAYMENTS_URL = `http://127.0.0.1:${port}`;
    return await recordStory(story, { sink, env: { ...env, PAYMENTS_URL } });
  } finally {
    await payments.stop();
  }
}

async function keep(name: string, traces: Buffer): Promise<void> {
  const file = gzipSync(hideFolder(traces), { level: 9 });
  await writeFile(join(recordings, `${name}.otlp.gz`), file);
  process.stdout.write(`${name}, ${file.length} bytes\n`);
}

/** Where the recorder was checked out is nobody's business: its folder becomes another one of the same length. */
function hideFolder(traces: Buffer): Buffer {
  const folder = join(import.meta.dirname, "../..");
  return Buffer.from(
    traces.toString("latin1").replaceAll(folder, "/app".padEnd(folder.length, "-")),
    "latin1",
  );
}
