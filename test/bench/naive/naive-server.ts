import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { Session } from "chdb";
import { openJournal } from "../../../collector/journal/journal.ts";
import { decodeRows } from "./decode-rows.ts";
import { otelTables } from "./otel-tables.ts";

/**
 * The baseline: what one writes who takes a protobuf library and the format that every ClickHouse client takes. Not
 * the OpenTelemetry Collector, which is Go; only the columns and the sort key are those of its exporter.
 *
 * It has our journal, so that it answers after the same fsync and inserts files of the same size, and ClickHouse
 * with the same settings; it hashes no bodies, knows no limits, reads no queries, and fills no rollups.
 */
const [folder = ""] = process.argv.slice(2);
const session = new Session(join(folder, "clickhouse"), {
  connectionArgs: ["--max_server_memory_usage=1500000000", "--background_pool_size=2"],
});
for (const sql of otelTables) await session.queryAsync(sql);
await session.queryAsync(`
  SET async_insert = 0, insert_deduplicate = 1, deduplicate_blocks_in_dependent_materialized_views = 1,
    max_insert_threads = 1, input_format_parallel_parsing = 0, max_insert_block_size = 1000000000,
    min_insert_block_size_rows = 1000000000, min_insert_block_size_bytes = 0`);

const journal = await openJournal({
  folder: join(folder, "journal"),
  insert: async (file, token) => {
    await session.queryAsync(
      `INSERT INTO naive.otel_traces FROM INFILE '${file}' SETTINGS insert_deduplication_token = '${token}' FORMAT JSONEachRow`,
    );
  },
  bytesMax: 4 * 2 ** 30,
  now: Date.now,
  log: (line) => process.stderr.write(`${line}\n`),
});
const inflate = promisify(gunzip);

async function accept(request: IncomingMessage): Promise<void> {
  const { block, spans } = decodeRows(await inflate(await buffer(request)));
  await journal.append({ block, rows: spans, bodyHashes: [randomUUID()] });
}

const server = createServer((request, response) => {
  if (request.url === "/metrics") {
    response.end(`culprit_journal_spans ${journal.stats().journaledRows}\n`);
    return;
  }
  accept(request).then(
    () => response.writeHead(200).end(),
    (error: unknown) => response.writeHead(503).end(String(error)),
  );
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`UI  http://127.0.0.1:${port}\n`);
});
process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
  void journal.close().then(() => {
    session.close();
    process.exit(0);
  });
});
