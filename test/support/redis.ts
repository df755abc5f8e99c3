import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type RunningServer, startDebianServer } from "./debian-server.ts";
import { findFreePort } from "./find-free-port.ts";
import { until } from "./until.ts";

/** Starts a real Redis without persistence. */
export function startRedis(...settings: readonly string[]): Promise<RunningServer> {
  const plain = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  return startDebianServer({
    name: "Redis",
    packageName: "redis-server",
    program: "/usr/bin/redis-server",
    toArgs: (port) => ["--port", `${port}`, ...plain, ...settings],
    ready: /Ready to accept connections/,
  });
}

/** What `redis-cli` prints. */
async function askRedis({ port }: RunningServer, ...command: string[]): Promise<string> {
  const args = ["-h", "127.0.0.1", "-p", `${port}`, ...command];
  const { stdout } = await promisify(execFile)("/usr/bin/redis-cli", args);
  return stdout.trim();
}

/** Two servers of half of the slots each. */
export async function startRedisCluster(): Promise<readonly [RunningServer, RunningServer]> {
  const [bus, otherBus] = [await findFreePort(), await findFreePort()];
  const [one, other] = await Promise.all(
    [bus, otherBus].map((port) =>
      startRedis("--cluster-enabled", "yes", "--cluster-port", `${port}`),
    ),
  );
  if (one === undefined || other === undefined) throw new Error("no servers");
  await askRedis(one, "cluster", "addslotsrange", "0", "8191");
  await askRedis(other, "cluster", "addslotsrange", "8192", "16383");
  await askRedis(one, "cluster", "meet", "127.0.0.1", `${other.port}`, `${otherBus}`);
  for (const server of [one, other]) {
    await until(async () => {
      const info = await askRedis(server, "cluster", "info");
      return info.includes("cluster_state:ok") && info.includes("cluster_slots_assigned:16384");
    });
  }
  return [one, other];
}
