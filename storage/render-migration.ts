import type { BlockTable } from "./block-tables.ts";
import { intervalOfSpan } from "./queries/trace-places.ts";
import { type Retention, signalOf } from "./retention.ts";
import type { StateTable } from "./store.ts";

/** Where the tables are made: in one server (chDB is one), or on each server of a cluster. */
export type Deployment =
  | { readonly kind: "single" }
  | {
      readonly kind: "cluster";
      /** As in the servers' `remote_servers`, or a macro. */
      readonly name: string;
      readonly database: string;
    };

/**
 * By what rows are spread over shards: a trace is on one shard, so that what is grouped by trace stays there. Values of
 * the row only: a file that is inserted once more has to go to the same shards, which know its token.
 */
const shardedBy: Readonly<Record<BlockTable, string>> = {
  spans: "cityHash64(trace_id)",
  // Those of no trace would all be on one shard.
  logs: "cityHash64(trace_id, ts)",
  // A series is one run on one shard.
  metric_points: "cityHash64(series_id)",
};

interface Layout {
  readonly sortedBy: string;
  readonly granuleRows: number;
}

/**
 * How new tables are laid out, where that is no longer what their file says. It can't be altered, so a table that is there keeps its own;
 * questions name neither, and answer right on both.
 */
const layouts: Readonly<Record<string, Layout>> = {
  // What a merge costs is how often it changes from one part to another: by the hour that is at each trace, by intervals at each interval.
  // Granules of 2,048 rows are a tenth of an insert and an eighth of a merge, and no question is the cheaper for them.
  spans: { sortedBy: `(${intervalOfSpan}, trace_id, ts)`, granuleRows: 8_192 },
};

/** Small tables that every server has whole. */
const everywhere: Readonly<Record<StateTable | "migrations", true>> = {
  occurrences: true,
  findings: true,
  finding_events: true,
  deliveries: true,
  learned_orders: true,
  touched_findings: true,
  watermarks: true,
  migrations: true,
};

/**
 * The statements of a migration file. On a cluster a table is three things:
 *
 *   INSERT ─▶ spans (Distributed) ─▶ spans_local, on one shard ─▶ its views ─▶ ops_1m_local ─▶ ops_1m (Distributed) ─▶ SELECT
 *
 * State tables are one ReplicatedMergeTree that all servers share.
 */
export function renderMigration(
  sql: string,
  deployment: Deployment,
  retention: Retention,
): readonly string[] {
  const [, table = ""] = /^(?:CREATE|ALTER) TABLE (?:IF NOT EXISTS )?(\w+)/m.exec(sql) ?? [];
  const days = layOut(table, sql).replaceAll(
    "{{retention_days}}",
    String(retention[signalOf(table)].days),
  );
  if (deployment.kind === "single") {
    return [
      days
        .replaceAll(" {{on_cluster}}", "")
        .replaceAll(/\{\{engine:([^}]+)\}\}/g, "$1")
        .replaceAll(/\{\{codec:[^}]+\}\}/g, "Default")
        .replaceAll("{{deduplication_window}}", "non_replicated_deduplication_window"),
    ];
  }
  const onCluster = `ON CLUSTER '${deployment.name}'`;
  const common = days
    .replaceAll("{{on_cluster}}", onCluster)
    .replaceAll(/\{\{codec:([^}]+)\}\}/g, "$1")
    .replaceAll("{{deduplication_window}}", "replicated_deduplication_window");
  if (/^(CREATE MATERIALIZED VIEW|ALTER TABLE \w+_view) /m.test(common)) {
    return [toLocalView(common)];
  }
  if (table === "" || table in everywhere)
    return [toReplicated(common, "all", "{shard}-{replica}")];
  const local = common.replace(/^((?:CREATE|ALTER) TABLE (?:IF NOT EXISTS )?)(\w+)/m, "$1$2_local");
  // A Distributed table has the columns, and nothing of how they are kept.
  const isOfColumns = / COLUMN /.test(common) && !/ COLUMN \w+ CODEC\(/.test(common);
  if (common.includes("ALTER TABLE")) return isOfColumns ? [local, common] : [local];
  const key = table in shardedBy ? `, ${shardedBy[table as BlockTable]}` : "";
  return [
    toReplicated(local, "{shard}", "{replica}"),
    `CREATE TABLE IF NOT EXISTS ${table} ${onCluster} AS ${table}_local
ENGINE = Distributed('${deployment.name}', '${deployment.database}', '${table}_local'${key})`,
  ];
}

function layOut(table: string, sql: string): string {
  const layout = layouts[table];
  if (layout === undefined) return sql;
  return sql
    .replace(/^ORDER BY .*$/m, `ORDER BY ${layout.sortedBy}`)
    .replace(/index_granularity = \d+/, `index_granularity = ${layout.granuleRows}`);
}

/** The table that holds the rows of `table` on a server. */
export function toLocalTable(table: string, deployment: Deployment): string {
  return deployment.kind === "single" || table in everywhere ? table : `${table}_local`;
}

/** Replicas of a table find each other by its path; it has no UUID, so that a server that comes later finds it, too. */
function toReplicated(sql: string, shard: string, replica: string): string {
  return sql.replaceAll(/\{\{engine:(\w+)(?:\(([^)]*)\))?\}\}/g, (_, engine, values) => {
    const path = `'/clickhouse/tables/${shard}/{database}/{table}', '${replica}'`;
    return `Replicated${engine}(${path}${values === undefined ? "" : `, ${values}`})`;
  });
}

/** A view sees what is inserted on its own server. */
function toLocalView(sql: string): string {
  return sql
    .replace(/ TO (\w+) AS$/m, " TO $1_local AS")
    .replaceAll(/^( *)FROM (\w+)$/gm, "$1FROM $2_local AS $2");
}
