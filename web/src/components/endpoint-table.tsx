import type { EndpointRow } from "../../../collector/api/responses.ts";
import { formatDuration } from "../format/format-duration.ts";
import { formatCount, formatSeconds, formatShare } from "../format/format-number.ts";
import { Link } from "../router/link.tsx";
import type { EndpointSort } from "../router/route.ts";
import { EndpointName } from "./endpoint-name.tsx";
import styles from "./endpoint-table.module.css";

/** Largest first, but names from a to z. */
const SIZES: Readonly<Record<Exclude<EndpointSort, "name">, (row: EndpointRow) => number>> = {
  total: (row) => row.totalSeconds,
  requests: (row) => row.requests,
  errors: errorShare,
  p50: (row) => row.p50Ns,
  p95: (row) => row.p95Ns,
};

const COLUMNS: readonly { readonly sort: EndpointSort; readonly label: string }[] = [
  { sort: "name", label: "Endpoint" },
  { sort: "requests", label: "Requests" },
  { sort: "errors", label: "Errors" },
  { sort: "p50", label: "p50" },
  { sort: "p95", label: "p95" },
  { sort: "total", label: "Total" },
];

interface EndpointTableProps {
  readonly endpoints: readonly EndpointRow[];
  readonly sort: EndpointSort;
}

/** Rate, errors and durations of each endpoint; the column heads are links that sort. */
export function EndpointTable({ endpoints, sort }: EndpointTableProps) {
  const rows = sorted(endpoints, sort);
  const mostSeconds = Math.max(...endpoints.map(({ totalSeconds }) => totalSeconds), 1e-9);
  return (
    <div className={styles.frame}>
      <table className={styles.table} aria-label="Endpoints">
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <SortHead key={column.sort} {...column} isSorted={column.sort === sort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row
              key={[row.service, row.environment, row.method, row.route].join("\n")}
              row={row}
              mostSeconds={mostSeconds}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface SortHeadProps {
  readonly sort: EndpointSort;
  readonly label: string;
  readonly isSorted: boolean;
}

function SortHead({ sort, label, isSorted }: SortHeadProps) {
  const order = sort === "name" ? "ascending" : "descending";
  return (
    <th scope="col" aria-sort={isSorted ? order : undefined}>
      <Link to={{ page: "endpoints", sort }}>
        {label}
        <span aria-hidden>{isSorted && (sort === "name" ? " ↑" : " ↓")}</span>
      </Link>
    </th>
  );
}

function Row({ row, mostSeconds }: { readonly row: EndpointRow; readonly mostSeconds: number }) {
  const { service, environment, method, route, requests, errors, p50Ns, p95Ns, totalSeconds } = row;
  return (
    <tr>
      <th scope="row">
        <Link to={{ page: "endpoint", service, environment, method, route }}>
          <EndpointName endpoint={{ method, route }} />
        </Link>
        <span className={styles.service}>
          {environment === "" ? service : `${service} (${environment})`}
        </span>
      </th>
      <td>{formatCount(requests)}</td>
      <td className={errors > 0 ? styles.errors : undefined}>
        {formatCount(errors)}
        {errors > 0 && <span className={styles.share}> ({formatShare(errorShare(row))})</span>}
      </td>
      <td>{formatDuration(p50Ns)}</td>
      <td>{formatDuration(p95Ns)}</td>
      <td>
        {formatSeconds(totalSeconds)}
        <span className={styles.plot} aria-hidden>
          <span style={{ width: `${(100 * totalSeconds) / mostSeconds}%` }} />
        </span>
      </td>
    </tr>
  );
}

function sorted(rows: readonly EndpointRow[], sort: EndpointSort): EndpointRow[] {
  if (sort === "name") return [...rows].sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
  const sizeOf = SIZES[sort];
  return [...rows].sort((a, b) => sizeOf(b) - sizeOf(a));
}

function nameOf({ route, method, service }: EndpointRow): string {
  return `${route} ${method} ${service}`;
}

function errorShare({ errors, requests }: EndpointRow): number {
  return requests === 0 ? 0 : errors / requests;
}
