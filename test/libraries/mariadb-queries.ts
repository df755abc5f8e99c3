import type { RunningServer } from "../support/debian-server.ts";
import type { ExpectedQueries } from "./sql-library.ts";

/** `SERVER_*` of a MariaDB for an app, with metrics every five seconds, and at its end. */
export function mysqlEnv({ port }: RunningServer): Readonly<Record<string, string>> {
  return {
    SERVER_SYSTEM: "mysql",
    SERVER_URL: `mysql://root@127.0.0.1:${port}/test`,
    SERVER_PORT: `${port}`,
    OTEL_METRICS_EXPORTER: "otlp",
    OTEL_METRIC_EXPORT_INTERVAL: "5000",
  };
}

/** The rows are `id <= ID`, at most three. */
export function mysqlQueriesOf({ port }: RunningServer): ExpectedQueries {
  return {
    system: "mysql",
    namespace: "test",
    port,
    collection: "items",
    text: /^select .* limit \?/is,
    errorCode: "ER_NO_SUCH_TABLE",
    rowsOf: (id) => Math.min(id, 3),
  };
}
