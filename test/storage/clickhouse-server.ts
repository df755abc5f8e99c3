/**
 * ClickHouse's HTTP protocol over chDB, as a process: `node clickhouse-server.ts FOLDER PORT`. It may write, unlike the
 * product's. One server, no cluster: what a single ClickHouse would answer.
 */
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Session } from "chdb";
import { quoteString } from "../../storage/embedded/parameter-settings.ts";
import type { FrontStatement } from "../../storage/http-front/front-statement.ts";
import { createHttpFront } from "../../storage/http-front/http-front.ts";

const [folder = "", port = "0"] = process.argv.slice(2);
const data = join(folder, "data");
const incomingFolder = join(folder, "incoming");
mkdirSync(incomingFolder, { recursive: true });
// As long as one session is open, the engine is.
const first = new Session(data, { connectionArgs: ["--max_server_memory_usage=600000000"] });

async function execute(statement: FrontStatement): Promise<Uint8Array> {
  const session = new Session(data);
  try {
    const settings = Object.entries(statement.settings).map(([name, value]) => [name, value]);
    const parameters = Object.entries(statement.parameters).map(([k, v]) => [`param_${k}`, v]);
    const all = [...settings, ...parameters].map(([k, v]) => `${k} = ${quoteString(v!)}`);
    if (all.length > 0) await session.queryAsync(`SET ${all.join(", ")}`);
    return (await session.queryAsync(toInsert(statement), { format: statement.format })).bytes();
  } finally {
    session.close();
  }
}

function toInsert({ sql, dataFile }: FrontStatement): string {
  if (dataFile === undefined || !/^\s*INSERT\s/i.test(sql)) return sql;
  return sql.replace(/\bFORMAT\s+(\w+)\s*$/i, `FROM INFILE ${quoteString(dataFile)} FORMAT $1`);
}

const front = createHttpFront({ execute, incomingFolder });
const server = createServer(front.handle);
server.listen(Number(port), "127.0.0.1", () => {
  process.stdout.write(`listening on ${(server.address() as AddressInfo).port}\n`);
});
process.on("SIGTERM", () => {
  server.close();
  first.close();
  process.exit(0);
});
