import type { AnalyzerShare } from "../analyzers/schedule/settled.ts";
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

/** Which of how many analyzers this one is, as "0/3"; undefined: it is alone. Throws a ConfigError. */
export function toAnalyzerShare(text: string, role: Role): AnalyzerShare | undefined {
  const [, worker, workers] = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const share = { worker: Number(worker), workers: Number(workers) };
  if (!(share.worker < share.workers)) {
    throw new ConfigError(
      "--analyzer-share (CULPRIT_ANALYZER_SHARE) must be this analyzer's number, from 0, and how many there are, as in 0/3",
    );
  }
  if (share.workers === 1) return undefined;
  if (role !== "analyzer") {
    throw new ConfigError(
      "--analyzer-share (CULPRIT_ANALYZER_SHARE) needs --role analyzer: who has all parts is alone",
    );
  }
  return share;
}

export function hasPart(role: Role, part: Exclude<Role, "all">): boolean {
  return role === "all" || role === part;
}
