import { existsSync } from "node:fs";
import { dirname } from "node:path";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { isRunning } from "./is-running.ts";
import { type Postgres, startPostgres } from "./postgres.ts";
import { startNode } from "./processes.ts";
import { until } from "./until.ts";

async function query(postgres: Pick<Postgres, "url">, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: postgres.url() });
  await client.connect();
  const { rows } = await client.query({ text, rowMode: "array" });
  await client.end();
  return rows.flat();
}

describe("startPostgres", () => {
  test("starts PostgreSQL 18 with the settings asked for, and ends it with its data", async () => {
    const postgres = await startPostgres({ settings: { work_mem: "7MB" } });
    const [version, workMem, folder] = await query(
      postgres,
      "SELECT current_setting('server_version'), current_setting('work_mem'), current_setting('data_directory')",
    );
    expect(version).toMatch(/^18\b/);
    expect(workMem).toBe("7MB");
    expect(existsSync(String(folder))).toBe(true);

    await postgres.stop();
    expect(existsSync(String(folder))).toBe(false);
    expect(isRunning(postgres.pid)).toBe(false);
    await postgres.stop();
  });

  test("starts two servers that know nothing of each other", async () => {
    const [first, second] = await Promise.all([startPostgres(), startPostgres()]);
    onTestFinished(async () => void (await Promise.all([first.stop(), second.stop()])));
    await query(first, "CREATE TABLE seen ()");
    expect(await query(second, "SELECT to_regclass('seen')")).toEqual([null]);
    expect(first.port).not.toBe(second.port);
  });

  test("tells what the server said when it does not start", async () => {
    await expect(startPostgres({ settings: { work_mem: "plenty" } })).rejects.toThrow(
      /invalid value for parameter "work_mem"/,
    );
  });

  test("leaves no server and no data behind when its process is killed", async () => {
    const program = `
      import { startPostgres } from ${JSON.stringify(import.meta.resolve("./postgres.ts"))};
      const { pid, port } = await startPostgres();
      process.stdout.write(pid + " on " + port);
      setInterval(() => {}, 1000);
    `;
    const child = await startNode({ args: ["--input-type=module", "-e", program] });
    const [, pid, port] = await child.waitFor(/(\d+) on (\d+)/);
    const url = () => `postgres://postgres@127.0.0.1:${port}/postgres`;
    const [folder] = await query({ url }, "SHOW data_directory");

    process.kill(child.pid, "SIGKILL");
    await until(() => !isRunning(Number(pid)));
    await until(() => !existsSync(dirname(String(folder))));
  });
});
