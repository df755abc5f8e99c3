import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RunningServer } from "../support/debian-server.ts";

const schema = join(import.meta.dirname, "hotel.sql");

/** Makes the hotel's database with its rows; takes some seconds. Returns its URL. */
export async function seedHotel({ port }: RunningServer): Promise<string> {
  const server = ["--no-defaults", "--host=127.0.0.1", `--port=${port}`, "--user=root"];
  await promisify(execFile)("mariadb", [...server, `--execute=source ${schema}`]);
  return `mysql://root@127.0.0.1:${port}/hotel`;
}
