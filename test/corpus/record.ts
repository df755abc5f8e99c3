import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { seedShop } from "../demo/seed-shop.ts";
import { startPostgres } from "../support/postgres.ts";
import { startNode } from "../support/processes.ts";
import { startRedis } from "../support/redis.ts";
import { installPrograms, programsFolder } from "./programs-folder.ts";
import { recordStory } from "./record-story.ts";
import { startRecordingSink } from "./recording-sink.ts";
import { stories } from "./stories.ts";

/**
 * Records the stories whose names begin with an argument, or all: `node test/corpus/record.ts [express-pg-orders …]`.
 * The agent is the built one, so build before.
 */
const wanted = process.argv.slice(2);
const chosen = stories.filter(
  ({ name }) => wanted.length === 0 || wanted.some((start) => name.startsWith(start)),
);
const folder = join(import.meta.dirname, "../fixtures/traces");

await installPrograms();
await mkdir(folder, { recursive: true });
const postgres = await startPostgres();
const redis = await startRedis();
const sink = await startRecordingSink();
try {
  const databaseUrl = await seedShop(postgres);
  for (const [i, story] of chosen.entries()) {
    // Its own for each: it knows who has asked before.
    const payments = await startNode({ args: [join(programsFolder, "payments.cjs")] });
    try {
      const [, port] = await payments.waitFor(/listening on (\d+)/, 10_000);
      const env = {
        DATABASE_URL: databaseUrl,
        REDIS_URL: `redis://127.0.0.1:${redis.port}`,
        PAYMENTS_URL: `http://127.0.0.1:${port}`,
      };
      const file = gzipSync(await recordStory(story, { sink, env }), { level: 9 });
      await writeFile(join(folder, `${story.name}.otlp.gz`), file);
      process.stdout.write(`${i + 1} of ${chosen.length}: ${story.name}, ${file.length} bytes\n`);
    } finally {
      await payments.stop();
    }
  }
} finally {
  await sink.stop();
  await redis.stop();
  await postgres.stop();
}
