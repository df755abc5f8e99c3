import { ConfigError } from "./config-error.ts";

/** What one process does: all, or one part beside others on the same ClickHouse servers. */
export type Role = (typeof roles)[number];

const roles = ["all", "collector", "analyzer", "api"] as const;

/** Throws a ConfigError. */
export function toRole(text: string, hasServers: boolean): Role {
  const role = roles.find((known) => known === text);
  if (role === undefined) {
    throw new ConfigError(`--role (CULPRIT_ROLE) must be one of ${roles.join(", ")}`);
  }
  if (role !== "all" && !hasServers) {
    throw new ConfigError(
      "--role (CULPRIT_ROLE) needs --clickhouse-url: processes don't share the ClickHouse inside",
    );
  }
  return role;
}

export function hasPart(role: Role, part: Exclude<Role, "all">): boolean {
  return role === "all" || role === part;
}
