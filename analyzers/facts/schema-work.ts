import { type SpanIndex, spanKind, type TraceView } from "../model/trace-view.ts";
import { isDatabaseCall } from "./call-template.ts";
import { oncePerText } from "./once-per-text.ts";
import { oncePerTrace } from "./once-per-trace.ts";

/**
 * A migration, or a script that fills tables, runs once, and statement by statement on purpose; and who reads the database's
 * own catalog wants to know of each table. A request is none of the former, whatever it is called.
 */
export function isSchemaWork(trace: TraceView, call: SpanIndex, endpointSpan: SpanIndex): boolean {
  if (isDatabaseCall(trace, call) && isOfCatalog(trace.dbQueryText[call]!)) return true;
  const kind = trace.kind[endpointSpan];
  if (kind === spanKind.server || kind === spanKind.consumer) return false;
  const names = `${trace.name[endpointSpan]} ${trace.service[endpointSpan]}`;
  return isCalledSo(names) || keepsMigrations(trace);
}

const isCalledSo = oncePerText((names) =>
  /(^|[^a-z]|run|db)(migrat(e|ion|ions)|seed(s|er|ers|ing)?|backfill)([^a-z]|$)/i.test(names),
);
const isOfCatalog = oncePerText((text) =>
  /\b(information_schema|pg_catalog|pg_(class|attribute|index|constraint|type|namespace|enum|proc)|sqlite_(master|schema))\b|\bsys[.](tables|columns|indexes)\b/i.test(
    text,
  ),
);
/** Where Knex, Sequelize, Prisma, TypeORM, Drizzle, Flyway, Liquibase and their likes note what was applied. */
const isOfMigrations = oncePerText((summary) =>
  /\b(\w*_migrations(_lock)?|migrations|sequelizemeta|flyway_schema_history|databasechangelog(lock)?|pgmigrations)\b/i.test(
    summary,
  ),
);

const keepsMigrations = oncePerTrace((trace): boolean => {
  for (let span = 0; span < trace.size; span++) {
    if (isDatabaseCall(trace, span) && isOfMigrations(trace.dbQuerySummary[span]!)) return true;
  }
  return false;
});
