import { Client } from "pg";
import { type Postgres, startPostgres } from "../support/postgres.ts";
import type { ExpectedQueries } from "./sql-library.ts";

export interface PostgresWithItems extends Postgres {
  /** For an app: `SERVER_*`, and metrics every five seconds, and at its end. */
  readonly env: Readonly<Record<string, string>>;
}

/** A real PostgreSQL whose table `items` has the ids 1 to 9. */
export async function startPostgresWithItems(): Promise<PostgresWithItems> {
  const postgres = await startPostgres();
  const client = new Client(postgres.url());
  await client.connect();
  await client.query("CREATE TABLE items AS SELECT id FROM generate_series(1, 9) AS id");
  await client.end();
  return {
    ...postgres,
    env: {
      SERVER_URL: postgres.url(),
      SERVER_PORT: `${postgres.port}`,
      OTEL_METRICS_EXPORTER: "otlp",
      OTEL_METRIC_EXPORT_INTERVAL: "5000",
    },
  };
}

/** The rows are `id <= ID`, at most three. */
export function queriesOf({ port }: Postgres): ExpectedQueries {
  return {
    system: "postgresql",
    namespace: "postgres",
    port,
    collection: "items",
    text: /^select .* limit \$[02]/is,
    errorCode: "42P01",
    rowsOf: (id) => Math.min(id, 3),
  };
}
