import { type RunningServer, startDebianServer } from "./debian-server.ts";

/** Starts a real Redis without persistence. */
export function startRedis(): Promise<RunningServer> {
  return startDebianServer({
    name: "Redis",
    packageName: "redis-server",
    program: "/usr/bin/redis-server",
    toArgs: (port) => [
      "--port",
      `${port}`,
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
    ],
    ready: /Ready to accept connections/,
  });
}
